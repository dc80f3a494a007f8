INSERT INTO logs.log (entry) VALUES ('afterMigrateError');
