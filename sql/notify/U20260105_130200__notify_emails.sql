-- Undo of notify: emails
--
-- Takes away the delivery callbacks and the email queue.

SET LOCAL ROLE ${role_owner};
SET LOCAL search_path = pg_catalog;

DROP TABLE IF EXISTS notify.delivery_events;
DROP TABLE IF EXISTS notify.email_notifications;
