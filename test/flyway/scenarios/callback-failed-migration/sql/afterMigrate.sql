INSERT INTO logs.log (entry) VALUES ('afterMigrate');
