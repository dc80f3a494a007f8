INSERT INTO logs.log (entry) VALUES ('beforeClean');
