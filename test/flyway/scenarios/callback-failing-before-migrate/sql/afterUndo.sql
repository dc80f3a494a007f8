INSERT INTO logs.log (entry) VALUES ('afterUndo');
