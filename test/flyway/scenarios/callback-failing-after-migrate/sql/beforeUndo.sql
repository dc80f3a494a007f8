INSERT INTO logs.log (entry) VALUES ('beforeUndo');
