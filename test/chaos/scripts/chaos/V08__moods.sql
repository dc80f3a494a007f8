CREATE TYPE chaos.mood AS ENUM ('calm', 'busy');
INSERT INTO chaos.log VALUES ('V08');
