INSERT INTO logs.log (entry) VALUES ('${mine}');
