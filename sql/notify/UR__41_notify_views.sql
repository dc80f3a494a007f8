-- Undo of notify: views
--
-- Drops what R__41_notify_views.sql creates.

SET LOCAL ROLE ${role_owner};
SET LOCAL search_path = pg_catalog;

DROP VIEW IF EXISTS notify.v_tracking_daily;
DROP VIEW IF EXISTS notify.v_message_opens;
DROP VIEW IF EXISTS notify.v_email_delivery_summary;
