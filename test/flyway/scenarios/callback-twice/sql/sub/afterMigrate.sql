INSERT INTO logs.log (entry) VALUES ('2');
