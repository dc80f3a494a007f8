INSERT INTO logs.log (entry) VALUES ('b c');
