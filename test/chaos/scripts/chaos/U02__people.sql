DROP TABLE chaos.people;
DROP TABLE chaos.teams;
REVOKE USAGE ON SCHEMA chaos FROM chaos_reader;
DELETE FROM chaos.log WHERE script = 'V02';
