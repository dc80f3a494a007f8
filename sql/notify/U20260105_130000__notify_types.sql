-- Undo of notify: types
--
-- Takes away the vocabulary and the schema.

SET LOCAL ROLE ${role_owner};
SET LOCAL search_path = pg_catalog;

DROP TYPE IF EXISTS notify.webhook_delivery_status;
DROP TYPE IF EXISTS notify.webhook_endpoint_status;
DROP TYPE IF EXISTS notify.tracking_event_type;
DROP TYPE IF EXISTS notify.bounce_type;
DROP TYPE IF EXISTS notify.delivery_event_type;
DROP TYPE IF EXISTS notify.opt_out_source;
DROP TYPE IF EXISTS notify.email_template_type;
DROP TYPE IF EXISTS notify.email_status;
DROP SCHEMA IF EXISTS notify;
