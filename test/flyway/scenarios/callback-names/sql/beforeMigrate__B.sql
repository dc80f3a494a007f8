INSERT INTO logs.log (entry) VALUES ('B');
