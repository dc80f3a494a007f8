DROP TYPE chaos.mood;
CREATE TYPE chaos.mood AS ENUM ('calm', 'busy');
DELETE FROM chaos.log WHERE script = 'V09';
