CREATE TABLE ${flyway_defaultSchema}.of_${FLYWAY_TABLE} (id int);
INSERT INTO of_flyway_schema_history SELECT 1 / ('${flyway_filename}' = 'V1__a.sql')::int;
