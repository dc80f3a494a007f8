INSERT INTO logs.log (entry) VALUES ('createSchema');
