INSERT INTO logs.log (entry) VALUES ('afterEachMigrateError');
