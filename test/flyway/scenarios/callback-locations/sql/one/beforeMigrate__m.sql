INSERT INTO logs.log (entry) VALUES ('m');
