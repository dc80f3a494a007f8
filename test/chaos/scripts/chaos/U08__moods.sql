DROP TYPE chaos.mood;
DELETE FROM chaos.log WHERE script = 'V08';
