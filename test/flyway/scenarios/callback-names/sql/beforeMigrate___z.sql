INSERT INTO logs.log (entry) VALUES ('_z');
