CREATE TABLE a (id integer);
CREATE SCHEMA other;
CREATE TABLE other.x (id integer);
