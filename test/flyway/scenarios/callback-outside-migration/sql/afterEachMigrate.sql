INSERT INTO logs.log (entry) VALUES ('afterEachMigrate');
