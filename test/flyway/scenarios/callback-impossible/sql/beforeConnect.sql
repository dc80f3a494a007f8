INSERT INTO logs.log (entry) VALUES ('beforeConnect');
