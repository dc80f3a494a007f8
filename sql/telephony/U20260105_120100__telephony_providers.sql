-- Undo of telephony: providers
--
-- Takes away the provider settings.

SET LOCAL ROLE ${role_owner};
SET LOCAL search_path = pg_catalog;

DROP TABLE IF EXISTS telephony.provider_configs;
