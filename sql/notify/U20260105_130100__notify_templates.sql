-- Undo of notify: templates
--
-- Takes away the templates of emails and of messages on other channels.

SET LOCAL ROLE ${role_owner};
SET LOCAL search_path = pg_catalog;

DROP TABLE IF EXISTS notify.message_templates;
DROP TABLE IF EXISTS notify.email_templates;
