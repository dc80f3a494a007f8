-- Each script writes its name here. There is no key: a script that runs twice is seen twice.
CREATE SCHEMA chaos;
CREATE TABLE chaos.log (script text NOT NULL);
INSERT INTO chaos.log VALUES ('V01');
CREATE PROCEDURE chaos.note(name text) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_catalog.pg_sleep(0.004);
  INSERT INTO chaos.log VALUES (name);
  COMMIT;
END
$$;
-- Makes the build of an index take long enough to be hit.
CREATE FUNCTION chaos.slowly(value integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  PERFORM pg_catalog.pg_sleep(0.002);
  RETURN value;
END
$$;
