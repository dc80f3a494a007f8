INSERT INTO logs.log (entry) VALUES ('beforeEachMigrate');
