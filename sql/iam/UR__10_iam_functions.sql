-- Undo of iam: functions
--
-- Drops what R__10_iam_functions.sql creates.

SET LOCAL ROLE ${role_owner};
SET LOCAL search_path = pg_catalog;

DROP FUNCTION IF EXISTS iam.list_members();
DROP FUNCTION IF EXISTS iam.resolve_login(text, text);
DROP FUNCTION IF EXISTS iam.log_audit_event(text, text, text, iam.actor_type, text, jsonb, text);
