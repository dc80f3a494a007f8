INSERT INTO logs.log (entry) VALUES ('afterRepairError');
