INSERT INTO logs.log (entry) VALUES ('z');
