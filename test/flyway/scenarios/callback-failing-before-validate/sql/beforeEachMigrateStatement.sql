INSERT INTO logs.log (entry) VALUES ('beforeEachMigrateStatement');
