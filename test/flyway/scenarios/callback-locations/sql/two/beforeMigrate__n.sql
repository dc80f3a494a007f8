INSERT INTO logs.log (entry) VALUES ('n');
