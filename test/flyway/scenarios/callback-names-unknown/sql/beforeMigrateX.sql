INSERT INTO logs.log (entry) VALUES ('X');
