CREATE TABLE a (id integer PRIMARY KEY);
CREATE SCHEMA other;
CREATE TABLE other.x (id integer REFERENCES a);
