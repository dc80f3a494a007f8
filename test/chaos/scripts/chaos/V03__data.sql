INSERT INTO chaos.teams SELECT number, 'team ' || number FROM generate_series(1, 8) AS number;
-- The keys are given: what a sequence gave to an attempt that was undone is gone.
INSERT INTO chaos.people (id, team_id, name, email)
SELECT number, 1 + number % 8, 'person ' || number, 'PERSON' || number || '@example.org' FROM generate_series(1, 200) AS number;
CREATE TABLE chaos.bulk (id integer, filling text);
ALTER TABLE chaos.bulk ALTER COLUMN filling SET STORAGE PLAIN;
INSERT INTO chaos.bulk SELECT number, repeat('x', 1500) FROM generate_series(1, 400) AS number;
INSERT INTO chaos.log VALUES ('V03');
