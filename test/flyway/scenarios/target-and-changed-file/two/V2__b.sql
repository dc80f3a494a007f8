CREATE TABLE b (id integer);
-- x
