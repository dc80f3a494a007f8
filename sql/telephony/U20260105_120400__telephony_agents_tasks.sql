-- Undo of telephony: agents tasks
--
-- Takes away the work queue and its agents.

SET LOCAL ROLE ${role_owner};
SET LOCAL search_path = pg_catalog;

DROP TABLE IF EXISTS telephony.tasks;
DROP TABLE IF EXISTS telephony.agents;
