DROP TABLE chaos.bulk;
DELETE FROM chaos.people;
DELETE FROM chaos.teams;
DELETE FROM chaos.log WHERE script = 'V03';
