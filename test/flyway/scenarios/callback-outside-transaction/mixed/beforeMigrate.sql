ALTER TABLE a ADD j integer;
VACUUM a;
