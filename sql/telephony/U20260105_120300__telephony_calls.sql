-- Undo of telephony: calls
--
-- Takes away calls with their events, transcripts and webhook receipts.

SET LOCAL ROLE ${role_owner};
SET LOCAL search_path = pg_catalog;

DROP TABLE IF EXISTS telephony.webhook_receipts;
DROP TABLE IF EXISTS telephony.transcript_snippets;
DROP TABLE IF EXISTS telephony.call_events;
DROP TABLE IF EXISTS telephony.call_attempts;
