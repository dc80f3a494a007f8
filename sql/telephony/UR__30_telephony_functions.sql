-- Undo of telephony: functions
--
-- Drops what R__30_telephony_functions.sql creates.

SET LOCAL ROLE ${role_owner};
SET LOCAL search_path = pg_catalog;

DROP FUNCTION IF EXISTS telephony.install_default_rules(uuid);
DROP FUNCTION IF EXISTS telephony.release_expired_tasks(timestamptz);
DROP FUNCTION IF EXISTS telephony.fail_task(uuid, uuid, text, text);
DROP FUNCTION IF EXISTS telephony.complete_task(uuid, uuid, text, jsonb);
DROP FUNCTION IF EXISTS telephony.claim_tasks(uuid, text, telephony.task_type[], integer, interval);
DROP FUNCTION IF EXISTS telephony.claim_tasks(text, telephony.task_type[], integer, interval);
DROP FUNCTION IF EXISTS telephony.record_webhook(uuid, uuid, text, jsonb);
DROP FUNCTION IF EXISTS telephony.free_call_slots(uuid, uuid);
DROP FUNCTION IF EXISTS telephony.call_block_reason(uuid, text, text, text, boolean, timestamptz);
DROP FUNCTION IF EXISTS telephony.is_do_not_call(uuid, text, timestamptz);
