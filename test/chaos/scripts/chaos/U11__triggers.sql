DROP TABLE chaos.events;
DROP TRIGGER people_refuse_empty ON chaos.people;
DROP FUNCTION chaos.refuse_empty();
DELETE FROM chaos.log WHERE script = 'V11';
