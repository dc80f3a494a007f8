INSERT INTO logs.log (entry) VALUES ('afterValidate');
