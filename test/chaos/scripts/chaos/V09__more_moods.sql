ALTER TYPE chaos.mood ADD VALUE 'chaotic' AFTER 'calm';
INSERT INTO chaos.log VALUES ('V09');
