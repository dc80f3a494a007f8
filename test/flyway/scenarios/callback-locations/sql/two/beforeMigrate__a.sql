INSERT INTO logs.log (entry) VALUES ('a');
