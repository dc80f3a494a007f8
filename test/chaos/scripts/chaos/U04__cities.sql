DROP TABLE chaos.cities;
DELETE FROM chaos.log WHERE script = 'V04';
