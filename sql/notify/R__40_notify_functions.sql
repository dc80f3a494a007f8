-- notify: functions
-- schemaway: requires=20260105.130500
--
-- Brings the opt-out check, the email and webhook queues, tracking, and the default templates.
--
-- Citus refuses UPDATEs that combine columns with functions that are not immutable, such as now() inside CASE or a time
-- plus iam.backoff(attempts). Such values are therefore computed first. It also pulls INSERT ... SELECT to the
-- coordinator and miscounts its conflicts, hence the loops over VALUES.

SET LOCAL ROLE ${role_owner};
SET LOCAL search_path = pg_catalog;

CREATE OR REPLACE FUNCTION notify.check_opt_out_status(
  p_organisation_id uuid,
  p_address text,
  p_channel iam.contact_channel
)
RETURNS boolean
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM
  FROM notify.opt_outs AS o
  WHERE o.organisation_id = p_organisation_id
    AND o.address = lower(btrim(p_address))
    AND o.channel IN (p_channel, 'any')
    AND o.revoked_at IS NULL;

  RETURN FOUND;
END
$$;
COMMENT ON FUNCTION notify.check_opt_out_status(uuid, text, iam.contact_channel) IS
  'True when an address has opted out of a channel.';

CREATE OR REPLACE FUNCTION notify.check_opt_out_status(
  p_organisation_id uuid,
  p_subject_type text,
  p_subject_id uuid,
  p_channel iam.contact_channel
)
RETURNS boolean
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM
  FROM notify.opt_outs AS o
  WHERE o.organisation_id = p_organisation_id
    AND o.subject_type = p_subject_type
    AND o.subject_id = p_subject_id
    AND o.channel IN (p_channel, 'any')
    AND o.revoked_at IS NULL;

  RETURN FOUND;
END
$$;
COMMENT ON FUNCTION notify.check_opt_out_status(uuid, text, uuid, iam.contact_channel) IS
  'True when a person record has opted out of a channel.';

-- A lease that ran out after the last attempt ends the email: its sender may crash on it each time, or crash after
-- sending it, and the recipient would get it for ever.

CREATE OR REPLACE FUNCTION notify.claim_email_notifications(
  p_worker text,
  p_limit integer DEFAULT 50,
  p_lease interval DEFAULT interval '2 minutes'
)
RETURNS SETOF notify.email_notifications
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  v_now constant timestamptz := now();
  -- A null would take the whole queue.
  v_limit constant integer NOT NULL := p_limit;
BEGIN
  RETURN QUERY
    WITH due AS MATERIALIZED (
      SELECT
        q.organisation_id,
        q.id,
        q.to_email::text AS address,
        (q.locked_until IS NOT NULL AND q.attempts >= q.max_attempts) AS used_up
      FROM notify.email_notifications AS q
      WHERE q.status = 'pending'
        AND q.next_attempt_at <= v_now
        AND (q.locked_until IS NULL OR q.locked_until < v_now)
      ORDER BY q.next_attempt_at
      LIMIT v_limit
      FOR UPDATE SKIP LOCKED
    ),
    checked AS MATERIALIZED (
      SELECT
        due.organisation_id,
        due.id,
        due.used_up,
        notify.check_opt_out_status(due.organisation_id, due.address, 'email') AS opted_out
      FROM due
    ),
    ended AS (
      UPDATE notify.email_notifications AS e
      SET
        status = 'failed',
        error_code = CASE WHEN checked.opted_out THEN 'suppressed' ELSE 'lease_expired' END,
        error_message = CASE WHEN checked.opted_out THEN 'recipient opted out' ELSE 'lease expired' END,
        locked_by = NULL,
        locked_until = NULL
      FROM checked
      WHERE e.organisation_id = checked.organisation_id
        AND e.id = checked.id
        AND (checked.opted_out OR checked.used_up)
    ),
    claimed AS (
      UPDATE notify.email_notifications AS e
      SET
        locked_by = p_worker,
        locked_until = v_now + p_lease,
        attempts = e.attempts + 1
      FROM checked
      WHERE e.organisation_id = checked.organisation_id
        AND e.id = checked.id
        AND NOT (checked.opted_out OR checked.used_up)
      RETURNING e.*
    )
    SELECT *
    FROM claimed AS c
    ORDER BY c.next_attempt_at;
END
$$;
COMMENT ON FUNCTION notify.claim_email_notifications(text, integer, interval) IS
  'Leases due emails of all organisations; opted-out recipients are suppressed. Not on Citus: use the form with an '
  'organisation.';

CREATE OR REPLACE FUNCTION notify.claim_email_notifications(
  p_organisation_id uuid,
  p_worker text,
  p_limit integer DEFAULT 50,
  p_lease interval DEFAULT interval '2 minutes'
)
RETURNS SETOF notify.email_notifications
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  v_now constant timestamptz := now();
  -- A null would take the whole queue.
  v_limit constant integer NOT NULL := p_limit;
  v_ids uuid[];
  v_opted_out uuid[] := '{}';
  v_email record;
BEGIN
  SELECT array_agg(due.id)
  INTO v_ids
  FROM (
    SELECT q.id
    FROM notify.email_notifications AS q
    WHERE q.organisation_id = p_organisation_id
      AND q.status = 'pending'
      AND q.next_attempt_at <= v_now
      AND (q.locked_until IS NULL OR q.locked_until < v_now)
    ORDER BY q.next_attempt_at
    LIMIT v_limit
    FOR UPDATE SKIP LOCKED
  ) AS due;

  -- One by one: joined to the emails, the planner may well read all opt-outs.
  FOR v_email IN
    SELECT e.id, e.to_email::text AS address
    FROM notify.email_notifications AS e
    WHERE e.organisation_id = p_organisation_id
      AND e.id = ANY (v_ids)
  LOOP
    IF notify.check_opt_out_status(p_organisation_id, v_email.address, 'email') THEN
      v_opted_out := v_opted_out || v_email.id;
    END IF;
  END LOOP;

  UPDATE notify.email_notifications AS e
  SET
    status = 'failed',
    error_code = 'suppressed',
    error_message = 'recipient opted out',
    locked_by = NULL,
    locked_until = NULL
  WHERE e.organisation_id = p_organisation_id
    AND e.id = ANY (v_opted_out);

  UPDATE notify.email_notifications AS e
  SET
    status = 'failed',
    error_code = 'lease_expired',
    error_message = 'lease expired',
    locked_by = NULL,
    locked_until = NULL
  WHERE e.organisation_id = p_organisation_id
    AND e.id = ANY (v_ids)
    AND e.status = 'pending'
    AND e.locked_until IS NOT NULL
    AND e.attempts >= e.max_attempts;

  UPDATE notify.email_notifications AS e
  SET
    locked_by = p_worker,
    locked_until = v_now + p_lease,
    attempts = e.attempts + 1
  WHERE e.organisation_id = p_organisation_id
    AND e.id = ANY (v_ids)
    AND e.status = 'pending';

  RETURN QUERY
    SELECT e.*
    FROM notify.email_notifications AS e
    WHERE e.organisation_id = p_organisation_id
      AND e.id = ANY (v_ids)
      AND e.status = 'pending'
    ORDER BY e.next_attempt_at;
END
$$;
COMMENT ON FUNCTION notify.claim_email_notifications(uuid, text, integer, interval) IS
  'Leases due emails of one organisation; opted-out recipients are suppressed.';

CREATE OR REPLACE FUNCTION notify.complete_email_notification(
  p_organisation_id uuid,
  p_id uuid,
  p_worker text,
  p_provider_message_id text
)
RETURNS boolean
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  UPDATE notify.email_notifications
  SET
    status = 'sent',
    sent_at = now(),
    provider_message_id = nullif(p_provider_message_id, ''),
    locked_by = NULL,
    locked_until = NULL,
    error_code = NULL,
    error_message = NULL
  WHERE organisation_id = p_organisation_id
    AND id = p_id
    AND locked_by = p_worker
    AND status = 'pending';

  RETURN FOUND;
END
$$;
COMMENT ON FUNCTION notify.complete_email_notification(uuid, uuid, text, text) IS
  'Marks a leased email sent; false when the lease was lost.';

CREATE OR REPLACE FUNCTION notify.fail_email_notification(
  p_organisation_id uuid,
  p_id uuid,
  p_worker text,
  p_code text,
  p_message text,
  p_retryable boolean DEFAULT true
)
RETURNS boolean
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  v_email notify.email_notifications;
BEGIN
  SELECT e.*
  INTO v_email
  FROM notify.email_notifications AS e
  WHERE e.organisation_id = p_organisation_id
    AND e.id = p_id
    AND e.locked_by = p_worker
    AND e.status = 'pending'
  FOR UPDATE;

  IF NOT FOUND THEN
    RETURN false;
  END IF;

  IF p_retryable AND v_email.attempts < v_email.max_attempts THEN
    v_email.next_attempt_at := now() + iam.backoff(v_email.attempts);
  ELSE
    v_email.status := 'failed';
  END IF;

  UPDATE notify.email_notifications
  SET
    status = v_email.status,
    next_attempt_at = v_email.next_attempt_at,
    locked_by = NULL,
    locked_until = NULL,
    error_code = p_code,
    error_message = left(p_message, 2000)
  WHERE organisation_id = p_organisation_id
    AND id = p_id;

  RETURN true;
END
$$;
COMMENT ON FUNCTION notify.fail_email_notification(uuid, uuid, text, text, text, boolean) IS
  'Gives a leased email back with backoff, or fails it; false when the lease was lost.';

CREATE OR REPLACE FUNCTION notify.record_delivery_event(
  p_organisation_id uuid,
  p_provider_message_id text,
  p_event_type notify.delivery_event_type,
  p_provider_event_id text,
  p_occurred_at timestamptz DEFAULT now(),
  p_bounce_type notify.bounce_type DEFAULT NULL,
  p_payload jsonb DEFAULT '{}'::jsonb
)
RETURNS boolean
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  v_occurred_at constant timestamptz := coalesce(p_occurred_at, now());
  v_email notify.email_notifications;
BEGIN
  -- Not the strongest lock: whoever has just inserted a row that names the email already holds its key.
  SELECT e.*
  INTO v_email
  FROM notify.email_notifications AS e
  WHERE e.organisation_id = p_organisation_id
    AND e.provider_message_id = p_provider_message_id
  FOR NO KEY UPDATE;

  IF NOT FOUND THEN
    RETURN false;
  END IF;

  INSERT INTO notify.delivery_events (
    organisation_id,
    email_notification_id,
    event_type,
    bounce_type,
    provider_event_id,
    occurred_at,
    payload
  )
  VALUES (
    p_organisation_id,
    v_email.id,
    p_event_type,
    p_bounce_type,
    p_provider_event_id,
    v_occurred_at,
    coalesce(p_payload, '{}'::jsonb)
  )
  ON CONFLICT DO NOTHING;

  IF NOT FOUND THEN
    RETURN false;
  END IF;

  UPDATE notify.email_notifications
  SET
    delivered_at = CASE
      WHEN p_event_type = 'delivered' THEN coalesce(delivered_at, v_occurred_at)
      ELSE delivered_at
    END,
    bounced_at = CASE
      WHEN p_event_type = 'bounced' THEN coalesce(bounced_at, v_occurred_at)
      ELSE bounced_at
    END,
    complained_at = CASE
      WHEN p_event_type = 'complained' THEN coalesce(complained_at, v_occurred_at)
      ELSE complained_at
    END
  WHERE organisation_id = p_organisation_id
    AND id = v_email.id;

  -- A complaint, an unsubscription and a hard bounce end the mailing to this address.
  IF p_event_type IN ('complained', 'unsubscribed') OR (p_event_type = 'bounced' AND p_bounce_type = 'hard') THEN
    INSERT INTO notify.opt_outs (organisation_id, channel, address, source, reason, evidence)
    VALUES (
      p_organisation_id,
      'email',
      lower(v_email.to_email::text),
      'api',
      p_event_type::text,
      jsonb_build_object('email_notification_id', v_email.id, 'provider_event_id', p_provider_event_id)
    )
    ON CONFLICT DO NOTHING;
  END IF;

  RETURN true;
END
$$;
COMMENT ON FUNCTION notify.record_delivery_event(
  uuid, text, notify.delivery_event_type, text, timestamptz, notify.bounce_type, jsonb
) IS 'Stores a delivery callback once and keeps email and opt-outs in step; false when unknown or seen before.';

CREATE OR REPLACE FUNCTION notify.record_tracking_event(
  p_organisation_id uuid,
  p_token text,
  p_event_type notify.tracking_event_type DEFAULT 'open',
  p_url text DEFAULT NULL,
  p_ip_hash bytea DEFAULT NULL,
  p_user_agent text DEFAULT NULL,
  p_is_bot boolean DEFAULT false
)
RETURNS boolean
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  v_pixel_id uuid;
  v_is_bot constant boolean := coalesce(p_is_bot, false);
  v_opens constant integer := (p_event_type = 'open' AND NOT v_is_bot)::integer;
  v_bot_opens constant integer := (p_event_type = 'open' AND v_is_bot)::integer;
  v_clicks constant integer := (p_event_type = 'click' AND NOT v_is_bot)::integer;
  v_opened_at constant timestamptz := CASE WHEN v_opens = 1 THEN now() END;
BEGIN
  SELECT p.id
  INTO v_pixel_id
  FROM notify.tracking_pixels AS p
  WHERE p.organisation_id = p_organisation_id
    AND p.token = p_token
    AND p.is_active;

  IF NOT FOUND THEN
    RETURN false;
  END IF;

  INSERT INTO notify.tracking_events (
    organisation_id,
    pixel_id,
    event_type,
    url,
    ip_hash,
    user_agent,
    is_bot
  )
  VALUES (
    p_organisation_id,
    v_pixel_id,
    p_event_type,
    p_url,
    p_ip_hash,
    p_user_agent,
    v_is_bot
  );

  INSERT INTO notify.message_open_stats AS s (
    organisation_id,
    pixel_id,
    open_count,
    bot_open_count,
    click_count,
    first_opened_at,
    last_opened_at
  )
  VALUES (
    p_organisation_id,
    v_pixel_id,
    v_opens,
    v_bot_opens,
    v_clicks,
    v_opened_at,
    v_opened_at
  )
  ON CONFLICT (organisation_id, pixel_id) DO UPDATE
  SET
    open_count = s.open_count + EXCLUDED.open_count,
    bot_open_count = s.bot_open_count + EXCLUDED.bot_open_count,
    click_count = s.click_count + EXCLUDED.click_count,
    first_opened_at = least(s.first_opened_at, EXCLUDED.first_opened_at),
    last_opened_at = greatest(s.last_opened_at, EXCLUDED.last_opened_at);

  RETURN true;
END
$$;
COMMENT ON FUNCTION notify.record_tracking_event(
  uuid, text, notify.tracking_event_type, text, bytea, text, boolean
) IS 'Stores an open or click and adds it to the totals; false when the token is unknown or inactive.';

CREATE OR REPLACE FUNCTION notify.enqueue_webhook(
  p_organisation_id uuid,
  p_event_id text,
  p_event_type text,
  p_payload jsonb DEFAULT '{}'::jsonb
)
RETURNS integer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  v_endpoint_id uuid;
  v_inserted integer := 0;
BEGIN
  FOR v_endpoint_id IN
    SELECT w.id
    FROM notify.webhook_endpoints AS w
    WHERE w.organisation_id = p_organisation_id
      AND w.status = 'active'
      AND (cardinality(w.event_types) = 0 OR p_event_type = ANY (w.event_types))
    -- In one order, so that two producers of the same event wait for each other in turn.
    ORDER BY w.id
  LOOP
    INSERT INTO notify.webhook_deliveries (organisation_id, endpoint_id, event_id, event_type, payload)
    VALUES (p_organisation_id, v_endpoint_id, p_event_id, p_event_type, coalesce(p_payload, '{}'::jsonb))
    ON CONFLICT DO NOTHING;

    IF FOUND THEN
      v_inserted := v_inserted + 1;
    END IF;
  END LOOP;

  RETURN v_inserted;
END
$$;
COMMENT ON FUNCTION notify.enqueue_webhook(uuid, text, text, jsonb) IS
  'Queues an event for every active endpoint that takes its type; returns how many.';

-- As with emails, a lease that ran out after the last attempt ends the delivery.

CREATE OR REPLACE FUNCTION notify.claim_webhook_deliveries(
  p_worker text,
  p_limit integer DEFAULT 50,
  p_lease interval DEFAULT interval '1 minute'
)
RETURNS SETOF notify.webhook_deliveries
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  v_now constant timestamptz := now();
  -- A null would take the whole queue.
  v_limit constant integer NOT NULL := p_limit;
BEGIN
  -- Materialized: as a plain sub-select it may be run again for each delivery, and then takes more than the limit.
  RETURN QUERY
    WITH due AS MATERIALIZED (
      SELECT
        q.organisation_id,
        q.id,
        (q.locked_until IS NOT NULL AND q.attempts >= q.max_attempts) AS used_up
      FROM notify.webhook_deliveries AS q
      WHERE q.status = 'pending'
        AND q.next_attempt_at <= v_now
        AND (q.locked_until IS NULL OR q.locked_until < v_now)
      ORDER BY q.next_attempt_at
      LIMIT v_limit
      FOR UPDATE SKIP LOCKED
    ),
    ended AS (
      UPDATE notify.webhook_deliveries AS w
      SET
        status = 'failed',
        last_error = 'lease expired',
        locked_by = NULL,
        locked_until = NULL
      FROM due
      WHERE w.organisation_id = due.organisation_id
        AND w.id = due.id
        AND due.used_up
    ),
    claimed AS (
      UPDATE notify.webhook_deliveries AS w
      SET
        locked_by = p_worker,
        locked_until = v_now + p_lease,
        attempts = w.attempts + 1
      FROM due
      WHERE w.organisation_id = due.organisation_id
        AND w.id = due.id
        AND NOT due.used_up
      RETURNING w.*
    )
    SELECT *
    FROM claimed AS c
    ORDER BY c.next_attempt_at;
END
$$;
COMMENT ON FUNCTION notify.claim_webhook_deliveries(text, integer, interval) IS
  'Leases due deliveries of all organisations. Not on Citus: use the form with an organisation.';

CREATE OR REPLACE FUNCTION notify.claim_webhook_deliveries(
  p_organisation_id uuid,
  p_worker text,
  p_limit integer DEFAULT 50,
  p_lease interval DEFAULT interval '1 minute'
)
RETURNS SETOF notify.webhook_deliveries
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  v_now constant timestamptz := now();
  -- A null would take the whole queue.
  v_limit constant integer NOT NULL := p_limit;
  v_ids uuid[];
BEGIN
  SELECT array_agg(due.id)
  INTO v_ids
  FROM (
    SELECT q.id
    FROM notify.webhook_deliveries AS q
    WHERE q.organisation_id = p_organisation_id
      AND q.status = 'pending'
      AND q.next_attempt_at <= v_now
      AND (q.locked_until IS NULL OR q.locked_until < v_now)
    ORDER BY q.next_attempt_at
    LIMIT v_limit
    FOR UPDATE SKIP LOCKED
  ) AS due;

  UPDATE notify.webhook_deliveries AS w
  SET
    status = 'failed',
    last_error = 'lease expired',
    locked_by = NULL,
    locked_until = NULL
  WHERE w.organisation_id = p_organisation_id
    AND w.id = ANY (v_ids)
    AND w.locked_until IS NOT NULL
    AND w.attempts >= w.max_attempts;

  UPDATE notify.webhook_deliveries AS w
  SET
    locked_by = p_worker,
    locked_until = v_now + p_lease,
    attempts = w.attempts + 1
  WHERE w.organisation_id = p_organisation_id
    AND w.id = ANY (v_ids)
    AND w.status = 'pending';

  RETURN QUERY
    SELECT w.*
    FROM notify.webhook_deliveries AS w
    WHERE w.organisation_id = p_organisation_id
      AND w.id = ANY (v_ids)
      AND w.status = 'pending'
    ORDER BY w.next_attempt_at;
END
$$;
COMMENT ON FUNCTION notify.claim_webhook_deliveries(uuid, text, integer, interval) IS
  'Leases due deliveries of one organisation.';

CREATE OR REPLACE FUNCTION notify.finish_webhook_delivery(
  p_organisation_id uuid,
  p_id uuid,
  p_worker text,
  p_status_code integer,
  p_error text DEFAULT NULL
)
RETURNS notify.webhook_delivery_status
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  v_now constant timestamptz := now();
  v_ok constant boolean := coalesce(p_status_code BETWEEN 200 AND 299, false);
  v_gone constant boolean := coalesce(p_status_code = 410, false);
  v_error text := p_error;
  v_status_code integer := p_status_code;
  v_delivery notify.webhook_deliveries;
BEGIN
  SELECT w.*
  INTO v_delivery
  FROM notify.webhook_deliveries AS w
  WHERE w.organisation_id = p_organisation_id
    AND w.id = p_id
    AND w.locked_by = p_worker
    AND w.status = 'pending'
  FOR UPDATE;

  IF NOT FOUND THEN
    RETURN NULL;
  END IF;

  -- Some servers answer with a status outside of HTTP. It must not keep the attempt from ending.
  IF p_status_code NOT BETWEEN 100 AND 599 THEN
    v_status_code := NULL;
    v_error := concat_ws(': ', format('status %s', p_status_code), p_error);
  END IF;

  IF v_ok THEN
    v_delivery.status := 'delivered';
    v_delivery.delivered_at := v_now;
  ELSIF v_gone OR v_delivery.attempts >= v_delivery.max_attempts THEN
    v_delivery.status := 'failed';
  ELSE
    v_delivery.next_attempt_at := v_now + iam.backoff(v_delivery.attempts);
  END IF;

  UPDATE notify.webhook_deliveries
  SET
    status = v_delivery.status,
    delivered_at = v_delivery.delivered_at,
    next_attempt_at = v_delivery.next_attempt_at,
    locked_by = NULL,
    locked_until = NULL,
    last_status_code = v_status_code,
    last_error = left(v_error, 2000)
  WHERE organisation_id = p_organisation_id
    AND id = p_id;

  -- The endpoint is switched off when it says that it is gone, or after 50 failures in a row.
  UPDATE notify.webhook_endpoints
  SET
    consecutive_failures = CASE WHEN v_ok THEN 0 ELSE consecutive_failures + 1 END,
    status = CASE
      WHEN v_gone OR (NOT v_ok AND consecutive_failures >= 49) THEN 'disabled'::notify.webhook_endpoint_status
      ELSE status
    END,
    disabled_at = CASE
      WHEN v_gone OR (NOT v_ok AND consecutive_failures >= 49) THEN coalesce(disabled_at, v_now)
      ELSE disabled_at
    END
  WHERE organisation_id = p_organisation_id
    AND id = v_delivery.endpoint_id;

  RETURN v_delivery.status;
END
$$;
COMMENT ON FUNCTION notify.finish_webhook_delivery(uuid, uuid, text, integer, text) IS
  'Ends an attempt by HTTP status and returns the new state; null when the lease was lost.';

CREATE OR REPLACE FUNCTION notify.install_default_templates(p_organisation_id uuid)
RETURNS integer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  v_template record;
  v_inserted integer := 0;
BEGIN
  FOR v_template IN
    SELECT *
    FROM (
      VALUES
        (
          'Completed (English)', 'completed', 'en', 'Thanks for your answers',
          'Hello {{contact_name}}, thanks for answering {{campaign_name}}.'
        ),
        (
          'Completed (Italian)', 'completed', 'it', 'Grazie per le sue risposte',
          'Salve {{contact_name}}, grazie per aver risposto a {{campaign_name}}.'
        ),
        (
          'Refused (English)', 'refused', 'en', 'We will not call again',
          'Hello {{contact_name}}, you declined {{campaign_name}} and we respect that.'
        ),
        (
          'Refused (Italian)', 'refused', 'it', 'Non la richiameremo',
          'Salve {{contact_name}}, ha scelto di non partecipare a {{campaign_name}}.'
        ),
        (
          'Not reached (English)', 'not_reached', 'en', 'Sorry we missed you',
          'Hello {{contact_name}}, we could not reach you about {{campaign_name}}.'
        ),
        (
          'Not reached (Italian)', 'not_reached', 'it', 'Non siamo riusciti a contattarla',
          'Salve {{contact_name}}, non siamo riusciti a parlarle di {{campaign_name}}.'
        )
    ) AS t (name, type, locale, subject, body)
  LOOP
    INSERT INTO notify.email_templates (organisation_id, name, type, locale, subject, body_html, body_text)
    VALUES (
      p_organisation_id,
      v_template.name,
      v_template.type::notify.email_template_type,
      v_template.locale::iam.campaign_language,
      v_template.subject,
      '<p>' || v_template.body || '</p>',
      v_template.body
    )
    ON CONFLICT DO NOTHING;

    IF FOUND THEN
      v_inserted := v_inserted + 1;
    END IF;
  END LOOP;

  RETURN v_inserted;
END
$$;
COMMENT ON FUNCTION notify.install_default_templates(uuid) IS
  'Reference data: six email templates for an organisation; returns how many were missing.';
