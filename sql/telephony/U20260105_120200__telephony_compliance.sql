-- Undo of telephony: compliance
--
-- Takes away the calling rules and the do-not-call list.

SET LOCAL ROLE ${role_owner};
SET LOCAL search_path = pg_catalog;

DROP TABLE IF EXISTS telephony.compliance_rules;
DROP TABLE IF EXISTS telephony.exclusion_list_entries;
