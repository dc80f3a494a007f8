INSERT INTO logs.log (entry) VALUES ('afterBaseline');
