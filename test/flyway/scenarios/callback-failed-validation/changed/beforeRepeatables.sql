INSERT INTO logs.log (entry) VALUES ('beforeRepeatables');
