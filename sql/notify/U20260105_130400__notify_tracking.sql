-- Undo of notify: tracking

SET LOCAL ROLE ${role_owner};
SET LOCAL search_path = pg_catalog;

DROP TABLE IF EXISTS notify.message_open_stats;
DROP TABLE IF EXISTS notify.tracking_events;
DROP TABLE IF EXISTS notify.tracking_pixels;
