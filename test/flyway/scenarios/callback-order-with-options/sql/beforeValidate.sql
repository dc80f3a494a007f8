INSERT INTO logs.log (entry) VALUES ('beforeValidate');
