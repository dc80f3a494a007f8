INSERT INTO logs.log (entry) VALUES ('none');
