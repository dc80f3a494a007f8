INSERT INTO logs.log (entry) VALUES ('afterRepair');
