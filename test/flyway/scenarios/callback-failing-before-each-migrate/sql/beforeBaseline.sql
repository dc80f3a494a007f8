INSERT INTO logs.log (entry) VALUES ('beforeBaseline');
