CREATE TABLE nine (id integer);
