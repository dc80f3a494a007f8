CREATE TABLE b (id integer);
SELECT 1/0;
