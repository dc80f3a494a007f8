CREATE OR REPLACE VIEW ${flyway_defaultSchema}.v AS SELECT '${flyway_table}' AS t;
