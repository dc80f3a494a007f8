INSERT INTO logs.log (entry) VALUES ('afterEachMigrateStatement');
