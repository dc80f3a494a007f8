INSERT INTO logs.log (entry) VALUES ('afterMigrateApplied');
