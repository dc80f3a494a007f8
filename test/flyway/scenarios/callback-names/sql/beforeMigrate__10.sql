INSERT INTO logs.log (entry) VALUES ('10');
