INSERT INTO logs.log (entry) VALUES ('beforeEachUndo');
