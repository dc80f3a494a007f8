-- telephony: functions
-- schemaway: requires=20260105.120400
--
-- Brings the calling rules, the webhook receipts and the task queue.
--
-- Citus refuses UPDATEs that combine columns with functions that are not immutable, such as now() inside CASE or a time
-- plus iam.backoff(attempts). Such values are therefore computed first.

SET LOCAL ROLE ${role_owner};
SET LOCAL search_path = pg_catalog;

CREATE OR REPLACE FUNCTION telephony.is_do_not_call(
  p_organisation_id uuid,
  p_phone text,
  p_at timestamptz DEFAULT now()
)
RETURNS boolean
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  -- The list holds numbers in E.164 form only. Any other spelling would never be found on it, so it is an error.
  v_phone constant iam.e164 NOT NULL := p_phone;
BEGIN
  -- At an unknown time an entry that may have expired still counts.
  PERFORM
  FROM telephony.exclusion_list_entries AS x
  WHERE x.organisation_id = p_organisation_id
    AND x.phone_number = v_phone
    AND (x.expires_at > p_at) IS NOT FALSE;

  IF FOUND THEN
    RETURN true;
  END IF;

  -- The link module telephony_notify brings this function; without notify there are no opt-outs to ask for.
  IF to_regprocedure('telephony.is_opted_out(uuid, text)') IS NOT NULL THEN
    RETURN telephony.is_opted_out(p_organisation_id, v_phone);
  END IF;

  RETURN false;
END
$$;
COMMENT ON FUNCTION telephony.is_do_not_call(uuid, text, timestamptz) IS
  'True when a number is on the do-not-call list or, with notify installed, has opted out of calls.';

CREATE OR REPLACE FUNCTION telephony.call_block_reason(
  p_organisation_id uuid,
  p_phone text,
  p_country_code text DEFAULT NULL,
  p_timezone text DEFAULT 'UTC',
  p_has_consent boolean DEFAULT false,
  p_at timestamptz DEFAULT now()
)
RETURNS text
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  -- Hours, because a day of an interval is as long as the time zone of the session makes it.
  v_week constant interval := interval '168 hours';
  v_rule telephony.compliance_rules;
  v_local timestamp;
  v_gap interval;
  v_calls_today bigint;
  v_calls_in_week bigint;
  v_last_call_at timestamptz;
BEGIN
  IF telephony.is_do_not_call(p_organisation_id, p_phone, p_at) THEN
    RETURN 'do_not_call';
  END IF;

  -- The server alone would take POSIX strings too, and for those UTC+2 lies west of Greenwich.
  IF p_timezone IS NOT NULL AND NOT iam.is_timezone(p_timezone) THEN
    RAISE EXCEPTION 'time zone "%" is neither UTC nor an IANA name that the server knows', p_timezone
      USING ERRCODE = 'invalid_parameter_value';
  END IF;

  -- Infinity has neither a weekday nor a time of day, so every comparison below would pass it.
  IF NOT isfinite(p_at) THEN
    RETURN 'no_rule';
  END IF;

  v_local := p_at AT TIME ZONE p_timezone;

  -- The rule of the country wins over the rule without country, then the youngest. An unknown zone or time finds none.
  SELECT c.*
  INTO v_rule
  FROM telephony.compliance_rules AS c
  WHERE c.organisation_id = p_organisation_id
    AND c.is_active
    AND c.channel = 'phone'
    AND (c.country_code IS NULL OR c.country_code = upper(p_country_code))
    AND v_local::date BETWEEN c.valid_from AND coalesce(c.valid_to, 'infinity'::date)
  ORDER BY (c.country_code IS NOT NULL) DESC, c.valid_from DESC, c.id DESC
  LIMIT 1;

  IF NOT FOUND THEN
    RETURN 'no_rule';
  END IF;

  IF v_rule.requires_consent AND NOT coalesce(p_has_consent, false) THEN
    RETURN 'consent_missing';
  END IF;

  IF NOT (extract(isodow FROM v_local)::smallint = ANY (v_rule.allowed_weekdays)) THEN
    RETURN 'weekday';
  END IF;

  IF v_local::time < v_rule.window_start_local OR v_local::time >= v_rule.window_end_local THEN
    RETURN 'outside_window';
  END IF;

  -- Today is the local date and not the time since midnight: where clocks go back at midnight, there are two of them.
  v_gap := make_interval(mins => coalesce(v_rule.min_gap_minutes, 0));

  SELECT
    count(*) FILTER (WHERE (a.queued_at AT TIME ZONE p_timezone)::date = v_local::date),
    count(*) FILTER (WHERE a.queued_at > p_at - v_week),
    max(a.queued_at)
  INTO v_calls_today, v_calls_in_week, v_last_call_at
  FROM telephony.call_attempts AS a
  WHERE a.organisation_id = p_organisation_id
    AND a.to_number::text = p_phone
    AND a.queued_at > p_at - greatest(v_week, v_gap)
    AND a.queued_at <= p_at
    AND a.direction = 'outbound'
    AND a.status <> 'cancelled';

  IF v_calls_today >= v_rule.max_attempts_per_day THEN
    RETURN 'daily_limit';
  END IF;

  IF v_calls_in_week >= v_rule.max_attempts_per_week THEN
    RETURN 'weekly_limit';
  END IF;

  IF v_last_call_at > p_at - v_gap THEN
    RETURN 'min_gap';
  END IF;

  RETURN NULL;
END
$$;
COMMENT ON FUNCTION telephony.call_block_reason(uuid, text, text, text, boolean, timestamptz) IS
  'Why a number may not be called now, null when it may; without a rule the answer is no.';

CREATE OR REPLACE FUNCTION telephony.free_call_slots(p_organisation_id uuid, p_provider_config_id uuid)
RETURNS integer
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  v_max integer;
  v_running bigint;
BEGIN
  SELECT p.max_concurrent_calls
  INTO v_max
  FROM telephony.provider_configs AS p
  WHERE p.organisation_id = p_organisation_id
    AND p.id = p_provider_config_id
    AND p.is_active;

  IF NOT FOUND THEN
    RETURN NULL;
  END IF;

  SELECT count(*)
  INTO v_running
  FROM telephony.call_attempts AS a
  WHERE a.organisation_id = p_organisation_id
    AND a.provider_config_id = p_provider_config_id
    AND a.ended_at IS NULL;

  RETURN greatest(v_max - v_running, 0);
END
$$;
COMMENT ON FUNCTION telephony.free_call_slots(uuid, uuid) IS
  'Calls that may still be started on a configuration; null when it is unknown or inactive.';

CREATE OR REPLACE FUNCTION telephony.record_webhook(
  p_organisation_id uuid,
  p_provider_config_id uuid,
  p_provider_event_id text,
  p_payload jsonb DEFAULT '{}'::jsonb
)
RETURNS boolean
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  INSERT INTO telephony.webhook_receipts (organisation_id, provider_config_id, provider_event_id, payload)
  VALUES (p_organisation_id, p_provider_config_id, p_provider_event_id, coalesce(p_payload, '{}'::jsonb))
  ON CONFLICT DO NOTHING;

  RETURN FOUND;
END
$$;
COMMENT ON FUNCTION telephony.record_webhook(uuid, uuid, text, jsonb) IS
  'Remembers a provider webhook; true when it is seen for the first time.';

CREATE OR REPLACE FUNCTION telephony.claim_tasks(
  p_worker text,
  p_types telephony.task_type[] DEFAULT NULL,
  p_limit integer DEFAULT 10,
  p_lease interval DEFAULT interval '5 minutes'
)
RETURNS SETOF telephony.tasks
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  v_now constant timestamptz := now();
  -- A null would take the whole queue.
  v_limit constant integer NOT NULL := p_limit;
BEGIN
  -- Materialized: as a plain sub-select it may be run again for each task, and then takes more than the limit.
  RETURN QUERY
    WITH due AS MATERIALIZED (
      SELECT q.organisation_id, q.id
      FROM telephony.tasks AS q
      WHERE q.status IN ('pending', 'assigned')
        AND q.scheduled_at <= v_now
        AND (p_types IS NULL OR q.type = ANY (p_types))
      ORDER BY q.priority DESC, q.scheduled_at
      LIMIT v_limit
      FOR UPDATE SKIP LOCKED
    ),
    claimed AS (
      UPDATE telephony.tasks AS t
      SET
        status = 'in_progress',
        locked_by = p_worker,
        locked_until = v_now + p_lease,
        attempts = t.attempts + 1,
        started_at = coalesce(t.started_at, v_now)
      FROM due
      WHERE t.organisation_id = due.organisation_id
        AND t.id = due.id
      RETURNING t.*
    )
    SELECT *
    FROM claimed AS c
    ORDER BY c.priority DESC, c.scheduled_at;
END
$$;
COMMENT ON FUNCTION telephony.claim_tasks(text, telephony.task_type[], integer, interval) IS
  'Leases due tasks of all organisations by priority. Not on Citus: use the form with an organisation.';

CREATE OR REPLACE FUNCTION telephony.claim_tasks(
  p_organisation_id uuid,
  p_worker text,
  p_types telephony.task_type[] DEFAULT NULL,
  p_limit integer DEFAULT 10,
  p_lease interval DEFAULT interval '5 minutes'
)
RETURNS SETOF telephony.tasks
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
    FROM telephony.tasks AS q
    WHERE q.organisation_id = p_organisation_id
      AND q.status IN ('pending', 'assigned')
      AND q.scheduled_at <= v_now
      AND (p_types IS NULL OR q.type = ANY (p_types))
    ORDER BY q.priority DESC, q.scheduled_at
    LIMIT v_limit
    FOR UPDATE SKIP LOCKED
  ) AS due;

  UPDATE telephony.tasks AS t
  SET
    status = 'in_progress',
    locked_by = p_worker,
    locked_until = v_now + p_lease,
    attempts = t.attempts + 1,
    started_at = coalesce(t.started_at, v_now)
  WHERE t.organisation_id = p_organisation_id
    AND t.id = ANY (v_ids);

  RETURN QUERY
    SELECT t.*
    FROM telephony.tasks AS t
    WHERE t.organisation_id = p_organisation_id
      AND t.id = ANY (v_ids)
    ORDER BY t.priority DESC, t.scheduled_at;
END
$$;
COMMENT ON FUNCTION telephony.claim_tasks(uuid, text, telephony.task_type[], integer, interval) IS
  'Leases due tasks of one organisation by priority.';

CREATE OR REPLACE FUNCTION telephony.complete_task(
  p_organisation_id uuid,
  p_id uuid,
  p_worker text,
  p_result jsonb DEFAULT '{}'::jsonb
)
RETURNS boolean
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  UPDATE telephony.tasks
  SET
    status = 'completed',
    completed_at = now(),
    locked_by = NULL,
    locked_until = NULL,
    result = coalesce(p_result, '{}'::jsonb),
    last_error = NULL
  WHERE organisation_id = p_organisation_id
    AND id = p_id
    AND locked_by = p_worker
    AND status = 'in_progress';

  RETURN FOUND;
END
$$;
COMMENT ON FUNCTION telephony.complete_task(uuid, uuid, text, jsonb) IS
  'Marks a leased task completed; false when the lease was lost.';

CREATE OR REPLACE FUNCTION telephony.fail_task(p_organisation_id uuid, p_id uuid, p_worker text, p_error text)
RETURNS boolean
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  v_task telephony.tasks;
BEGIN
  SELECT t.*
  INTO v_task
  FROM telephony.tasks AS t
  WHERE t.organisation_id = p_organisation_id
    AND t.id = p_id
    AND t.locked_by = p_worker
    AND t.status = 'in_progress'
  FOR UPDATE;

  IF NOT FOUND THEN
    RETURN false;
  END IF;

  IF v_task.attempts >= v_task.max_attempts THEN
    v_task.status := 'failed';
    v_task.completed_at := now();
  ELSE
    v_task.status := 'pending';
    v_task.scheduled_at := now() + iam.backoff(v_task.attempts);
  END IF;

  UPDATE telephony.tasks
  SET
    status = v_task.status,
    completed_at = v_task.completed_at,
    scheduled_at = v_task.scheduled_at,
    locked_by = NULL,
    locked_until = NULL,
    last_error = left(p_error, 2000)
  WHERE organisation_id = p_organisation_id
    AND id = p_id;

  RETURN true;
END
$$;
COMMENT ON FUNCTION telephony.fail_task(uuid, uuid, text, text) IS
  'Gives a leased task back with backoff, or fails it after the last attempt; false when the lease was lost.';

CREATE OR REPLACE FUNCTION telephony.release_expired_tasks(p_at timestamptz DEFAULT now())
RETURNS integer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  v_released integer;
BEGIN
  -- A task that another session holds is passed over: two that release at once would wait for each other's tasks.
  WITH expired AS MATERIALIZED (
    SELECT q.organisation_id, q.id
    FROM telephony.tasks AS q
    WHERE q.status = 'in_progress'
      AND q.locked_until < p_at
    FOR UPDATE SKIP LOCKED
  )
  UPDATE telephony.tasks AS t
  SET
    status = CASE
      WHEN t.attempts >= t.max_attempts THEN 'failed'::telephony.task_status
      ELSE 'pending'::telephony.task_status
    END,
    completed_at = CASE WHEN t.attempts >= t.max_attempts THEN p_at END,
    locked_by = NULL,
    locked_until = NULL,
    last_error = 'lease expired'
  FROM expired
  WHERE t.organisation_id = expired.organisation_id
    AND t.id = expired.id;

  GET DIAGNOSTICS v_released = ROW_COUNT;
  RETURN v_released;
END
$$;
COMMENT ON FUNCTION telephony.release_expired_tasks(timestamptz) IS
  'Gives tasks with an expired lease back, or fails them after the last attempt; returns how many. Passes over tasks '
  'that another session holds and, as the claim_tasks of all organisations, is not for Citus.';

CREATE OR REPLACE FUNCTION telephony.install_default_rules(p_organisation_id uuid)
RETURNS integer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  v_inserted integer;
BEGIN
  INSERT INTO telephony.compliance_rules (
    organisation_id,
    name,
    channel,
    allowed_weekdays,
    window_start_local,
    window_end_local,
    max_attempts_per_day,
    max_attempts_per_week,
    min_gap_minutes,
    requires_consent,
    valid_from
  )
  VALUES (
    p_organisation_id,
    'default',
    'phone',
    '{1,2,3,4,5,6}',
    '09:00',
    '20:00',
    3,
    7,
    60,
    true,
    '2026-01-01'
  )
  ON CONFLICT DO NOTHING;

  GET DIAGNOSTICS v_inserted = ROW_COUNT;
  RETURN v_inserted;
END
$$;
COMMENT ON FUNCTION telephony.install_default_rules(uuid) IS
  'Demo data: a cautious calling rule for an organisation; an example, not legal advice.';
