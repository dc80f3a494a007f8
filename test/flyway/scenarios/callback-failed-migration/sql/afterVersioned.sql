INSERT INTO logs.log (entry) VALUES ('afterVersioned');
