INSERT INTO logs.log (entry) VALUES ('afterBaselineError');
