INSERT INTO logs.log (entry) VALUES ('afterCleanError');
