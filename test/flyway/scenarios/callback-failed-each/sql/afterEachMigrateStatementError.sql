INSERT INTO logs.log (entry) VALUES ('afterEachMigrateStatementError');
