CREATE OR REPLACE VIEW v AS SELECT '$<<x>> ${x} $${x}' AS x;
