CREATE TABLE a (id integer);
-- more
