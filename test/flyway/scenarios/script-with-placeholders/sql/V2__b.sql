CREATE TABLE b${x} (id integer);
