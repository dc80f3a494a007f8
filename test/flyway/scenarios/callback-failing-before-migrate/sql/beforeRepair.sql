INSERT INTO logs.log (entry) VALUES ('beforeRepair');
