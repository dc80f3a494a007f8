DROP FUNCTION chaos.count_people();
DELETE FROM chaos.log WHERE script = 'R20';
