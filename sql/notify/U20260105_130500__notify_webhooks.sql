-- Undo of notify: webhooks
--
-- Takes away the webhook queue and the endpoints.

SET LOCAL ROLE ${role_owner};
SET LOCAL search_path = pg_catalog;

DROP TABLE IF EXISTS notify.webhook_deliveries;
DROP TABLE IF EXISTS notify.webhook_endpoints;
