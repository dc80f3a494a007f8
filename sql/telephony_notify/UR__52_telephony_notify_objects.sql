-- Undo of telephony_notify: objects
--
-- Drops what R__52_telephony_notify_objects.sql creates.

SET LOCAL ROLE ${role_owner};
SET LOCAL search_path = pg_catalog;

DROP FUNCTION IF EXISTS telephony.is_opted_out(uuid, text);
