CREATE TABLE a${TENANT} (id integer); -- ${tenant} ${FLYWAY:Table}
