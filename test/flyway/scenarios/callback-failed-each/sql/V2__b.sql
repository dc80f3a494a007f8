CREATE TABLE b (i integer);
SELECT * FROM nonsense;
