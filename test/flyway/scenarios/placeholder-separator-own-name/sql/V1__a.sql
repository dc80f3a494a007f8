CREATE TABLE ${flyway_own} (id int); SELECT 1 / (SELECT ('${flyway_table}' = 'flyway_schema_history')::int);
