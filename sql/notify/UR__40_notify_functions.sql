-- Undo of notify: functions
--
-- Drops what R__40_notify_functions.sql creates.

SET LOCAL ROLE ${role_owner};
SET LOCAL search_path = pg_catalog;

DROP FUNCTION IF EXISTS notify.install_default_templates(uuid);
DROP FUNCTION IF EXISTS notify.finish_webhook_delivery(uuid, uuid, text, integer, text);
DROP FUNCTION IF EXISTS notify.claim_webhook_deliveries(uuid, text, integer, interval);
DROP FUNCTION IF EXISTS notify.claim_webhook_deliveries(text, integer, interval);
DROP FUNCTION IF EXISTS notify.enqueue_webhook(uuid, text, text, jsonb);
DROP FUNCTION IF EXISTS notify.record_tracking_event(
  uuid, text, notify.tracking_event_type, text, bytea, text, boolean
);
DROP FUNCTION IF EXISTS notify.record_delivery_event(
  uuid, text, notify.delivery_event_type, text, timestamptz, notify.bounce_type, jsonb
);
DROP FUNCTION IF EXISTS notify.fail_email_notification(uuid, uuid, text, text, text, boolean);
DROP FUNCTION IF EXISTS notify.complete_email_notification(uuid, uuid, text, text);
DROP FUNCTION IF EXISTS notify.claim_email_notifications(uuid, text, integer, interval);
DROP FUNCTION IF EXISTS notify.claim_email_notifications(text, integer, interval);
DROP FUNCTION IF EXISTS notify.check_opt_out_status(uuid, text, uuid, iam.contact_channel);
DROP FUNCTION IF EXISTS notify.check_opt_out_status(uuid, text, iam.contact_channel);
