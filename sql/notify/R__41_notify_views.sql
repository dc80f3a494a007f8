-- notify: views
-- schemaway: requires=20260105.130500
--
-- Brings the reports over emails and tracking.

SET LOCAL ROLE ${role_owner};
SET LOCAL search_path = pg_catalog;

CREATE OR REPLACE VIEW notify.v_email_delivery_summary
WITH (security_invoker = true)
AS
SELECT
  e.organisation_id,
  e.campaign_id,
  count(*) AS total,
  count(*) FILTER (WHERE e.status = 'pending') AS pending,
  count(*) FILTER (WHERE e.status = 'sent') AS sent,
  count(*) FILTER (WHERE e.status = 'failed') AS failed,
  count(e.delivered_at) AS delivered,
  count(e.bounced_at) AS bounced,
  count(e.complained_at) AS complained,
  count(*) FILTER (WHERE e.error_code = 'suppressed') AS suppressed
FROM notify.email_notifications AS e
GROUP BY e.organisation_id, e.campaign_id;
COMMENT ON VIEW notify.v_email_delivery_summary IS 'Emails by campaign and result.';

CREATE OR REPLACE VIEW notify.v_message_opens
WITH (security_invoker = true)
AS
SELECT
  p.organisation_id,
  p.id AS pixel_id,
  p.email_notification_id,
  p.message_ref,
  coalesce(s.open_count, 0) AS open_count,
  coalesce(s.click_count, 0) AS click_count,
  s.first_opened_at,
  s.last_opened_at
FROM notify.tracking_pixels AS p
LEFT JOIN notify.message_open_stats AS s
  ON s.organisation_id = p.organisation_id
  AND s.pixel_id = p.id;
COMMENT ON VIEW notify.v_message_opens IS 'Opens and clicks by message.';

CREATE OR REPLACE VIEW notify.v_tracking_daily
WITH (security_invoker = true)
AS
SELECT
  t.organisation_id,
  (t.occurred_at AT TIME ZONE 'UTC')::date AS day,
  t.event_type,
  count(*) FILTER (WHERE NOT t.is_bot) AS events,
  count(*) FILTER (WHERE t.is_bot) AS bot_events
FROM notify.tracking_events AS t
GROUP BY t.organisation_id, (t.occurred_at AT TIME ZONE 'UTC')::date, t.event_type;
COMMENT ON VIEW notify.v_tracking_daily IS 'Opens and clicks by UTC day.';

GRANT SELECT ON
  notify.v_email_delivery_summary,
  notify.v_message_opens,
  notify.v_tracking_daily
TO ${role_app}, ${role_worker}, ${role_readonly};
