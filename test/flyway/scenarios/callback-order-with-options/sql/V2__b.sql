CREATE TABLE b (i integer);
