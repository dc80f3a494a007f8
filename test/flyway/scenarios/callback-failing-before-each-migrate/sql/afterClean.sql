INSERT INTO logs.log (entry) VALUES ('afterClean');
