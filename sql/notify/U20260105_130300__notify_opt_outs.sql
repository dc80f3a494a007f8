-- Undo of notify: opt outs
--
-- Takes away the opt-outs.

SET LOCAL ROLE ${role_owner};
SET LOCAL search_path = pg_catalog;

DROP TABLE IF EXISTS notify.opt_outs;
