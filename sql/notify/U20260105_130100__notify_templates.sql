-- Undo of notify: templates

SET LOCAL ROLE ${role_owner};
SET LOCAL search_path = pg_catalog;

DROP TABLE IF EXISTS notify.message_templates;
DROP TABLE IF EXISTS notify.email_templates;
