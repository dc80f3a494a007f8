-- Undo of telephony: views
--
-- Drops what R__31_telephony_views.sql creates.

SET LOCAL ROLE ${role_owner};
SET LOCAL search_path = pg_catalog;

DROP VIEW IF EXISTS telephony.v_call_log;
DROP VIEW IF EXISTS telephony.v_agent_performance;
DROP VIEW IF EXISTS telephony.v_pending_tasks;
