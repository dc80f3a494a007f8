-- Undo of telephony: agents tasks

SET LOCAL ROLE ${role_owner};
SET LOCAL search_path = pg_catalog;

DROP TABLE IF EXISTS telephony.tasks;
DROP TABLE IF EXISTS telephony.agents;
