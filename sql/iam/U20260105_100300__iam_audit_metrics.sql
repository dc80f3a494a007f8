-- Undo of iam: audit metrics
--
-- Takes away metrics and audit trail, month partitions included: a partition goes with its parent.

SET LOCAL ROLE ${role_owner};
SET LOCAL search_path = pg_catalog;

DROP TABLE IF EXISTS iam.system_metrics;
DROP TABLE IF EXISTS iam.audit_logs;
