-- Undo of notify: webhooks

SET LOCAL ROLE ${role_owner};
SET LOCAL search_path = pg_catalog;

DROP TABLE IF EXISTS notify.webhook_deliveries;
DROP TABLE IF EXISTS notify.webhook_endpoints;
