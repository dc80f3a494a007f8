INSERT INTO logs.log (entry) VALUES ('upper');
