CREATE EXTENSION pg_trgm;
CREATE TABLE a (id integer);
