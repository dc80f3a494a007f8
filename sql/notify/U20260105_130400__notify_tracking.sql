-- Undo of notify: tracking
--
-- Takes away open and click tracking, month partitions included: a partition goes with its parent.

SET LOCAL ROLE ${role_owner};
SET LOCAL search_path = pg_catalog;

DROP TABLE IF EXISTS notify.message_open_stats;
DROP TABLE IF EXISTS notify.tracking_events;
DROP TABLE IF EXISTS notify.tracking_pixels;
