INSERT INTO logs.log (entry) VALUES ('beforeCreateSchema');
