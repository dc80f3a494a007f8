-- schemaway: transaction=none
INSERT INTO chaos.log VALUES ('V06 first');
CALL chaos.note('V06 call');
VACUUM chaos.people;
CREATE UNIQUE INDEX CONCURRENTLY people_email_idx ON chaos.people (email);
REINDEX INDEX CONCURRENTLY chaos.people_email_idx;
INSERT INTO chaos.log VALUES ('V06 last');
