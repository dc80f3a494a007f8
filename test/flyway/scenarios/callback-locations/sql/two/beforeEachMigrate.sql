INSERT INTO logs.log (entry) VALUES ('each');
