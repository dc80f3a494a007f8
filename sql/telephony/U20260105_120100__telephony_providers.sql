-- Undo of telephony: providers

SET LOCAL ROLE ${role_owner};
SET LOCAL search_path = pg_catalog;

DROP TABLE IF EXISTS telephony.provider_configs;
