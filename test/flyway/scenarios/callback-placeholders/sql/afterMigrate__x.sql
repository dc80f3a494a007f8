INSERT INTO logs.log (entry) VALUES ('${flyway:filename} ${mine}');
