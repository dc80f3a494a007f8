-- schemaway: requires=2
CREATE OR REPLACE FUNCTION chaos.count_people() RETURNS bigint LANGUAGE sql STABLE
BEGIN ATOMIC
  SELECT count(*) FROM chaos.people;
END;
INSERT INTO chaos.log VALUES ('R20');
