INSERT INTO logs.log (entry) VALUES ('afterMigrateOperationFinish');
