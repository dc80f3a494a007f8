INSERT INTO logs.log (entry) VALUES ('beforeMigrate');
