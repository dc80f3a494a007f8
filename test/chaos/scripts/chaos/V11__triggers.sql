CREATE FUNCTION chaos.refuse_empty() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
  IF NEW.name = '' THEN RAISE EXCEPTION 'no name; given was %', NEW.name; END IF;
  RETURN NEW;
END
$body$;
CREATE TRIGGER people_refuse_empty BEFORE INSERT OR UPDATE ON chaos.people
  FOR EACH ROW EXECUTE FUNCTION chaos.refuse_empty();
CREATE TABLE chaos.events (id integer NOT NULL, happened date NOT NULL) PARTITION BY RANGE (happened);
CREATE TABLE chaos.events_2026 PARTITION OF chaos.events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
INSERT INTO chaos.events VALUES (1, '2026-05-05');
INSERT INTO chaos.log VALUES ('V11');
