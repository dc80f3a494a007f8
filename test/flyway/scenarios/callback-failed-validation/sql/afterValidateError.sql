INSERT INTO logs.log (entry) VALUES ('afterValidateError');
