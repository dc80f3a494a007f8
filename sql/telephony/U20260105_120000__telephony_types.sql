-- Undo of telephony: types
--
-- Takes away the vocabulary and the schema.

SET LOCAL ROLE ${role_owner};
SET LOCAL search_path = pg_catalog;

DROP TYPE IF EXISTS telephony.task_status;
DROP TYPE IF EXISTS telephony.task_priority;
DROP TYPE IF EXISTS telephony.task_type;
DROP TYPE IF EXISTS telephony.agent_status;
DROP TYPE IF EXISTS telephony.agent_type;
DROP TYPE IF EXISTS telephony.call_event_type;
DROP TYPE IF EXISTS telephony.speaker;
DROP TYPE IF EXISTS telephony.answered_by;
DROP TYPE IF EXISTS telephony.call_direction;
DROP TYPE IF EXISTS telephony.call_status;
DROP TYPE IF EXISTS telephony.llm_provider;
DROP TYPE IF EXISTS telephony.provider_type;
DROP TYPE IF EXISTS telephony.exclusion_source;
DROP SCHEMA IF EXISTS telephony;
