-- survey_telephony: objects
-- schemaway: requires=20260105.140000
--
-- Brings the dial loop: claim contacts that may be called now, record what became of the call. The loop fails closed:
-- without a rule, a consent, a limit or a time nobody is called.

SET LOCAL ROLE ${role_owner};
SET LOCAL search_path = pg_catalog;

CREATE OR REPLACE FUNCTION survey.claim_due_contacts(
  p_organisation_id uuid,
  p_campaign_id uuid,
  p_worker text,
  p_limit integer DEFAULT 10,
  p_lease interval DEFAULT interval '10 minutes',
  p_at timestamptz DEFAULT now()
)
RETURNS SETOF survey.contacts
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  v_campaign survey.campaigns;
  v_contact survey.contacts;
  v_zone text;
  v_local timestamp;
  v_window_date date;
  v_reason text;
  -- A null would take the whole campaign.
  v_left integer NOT NULL := p_limit;
BEGIN
  -- An infinite time has no time of the day, so no window would hold it back.
  SELECT c.*
  INTO v_campaign
  FROM survey.campaigns AS c
  WHERE c.organisation_id = p_organisation_id
    AND c.id = p_campaign_id
    AND c.status = 'running'
    AND (c.starts_at IS NULL OR c.starts_at <= p_at)
    AND (c.ends_at IS NULL OR c.ends_at > p_at)
    AND isfinite(p_at);

  IF NOT FOUND THEN
    RETURN;
  END IF;

  -- More candidates than wanted, because some may not be called now.
  FOR v_contact IN
    SELECT k.*
    FROM survey.contacts AS k
    WHERE k.organisation_id = p_organisation_id
      AND k.campaign_id = p_campaign_id
      AND k.state = 'pending'
      AND k.next_attempt_at <= p_at
      AND k.attempts_count < v_campaign.max_attempts
      AND (NOT v_campaign.require_prior_consent OR k.has_prior_consent)
    ORDER BY k.next_attempt_at
    LIMIT v_left::bigint * 5
    FOR UPDATE SKIP LOCKED
  LOOP
    EXIT WHEN v_left <= 0;

    v_zone := coalesce(v_contact.timezone, v_campaign.timezone);
    v_local := p_at AT TIME ZONE v_zone;

    -- Outside the window of the campaign: wait for the next one. When the clocks change, its start may not exist, or
    -- exist twice. The server then moves it on by the change, or takes the second: late by the change, never early.
    IF v_local::time < v_campaign.allowed_call_start_local OR v_local::time >= v_campaign.allowed_call_end_local THEN
      v_window_date := v_local::date;

      IF v_local::time >= v_campaign.allowed_call_start_local THEN
        v_window_date := v_window_date + 1;
      END IF;

      UPDATE survey.contacts
      SET next_attempt_at = (v_window_date + v_campaign.allowed_call_start_local) AT TIME ZONE v_zone
      WHERE organisation_id = p_organisation_id
        AND id = v_contact.id;
      CONTINUE;
    END IF;

    v_reason := NULL;

    -- The limits count recorded calls. The person may be in another campaign, too, and leased there for a call that is
    -- not recorded yet, or about to be leased by another worker at this moment.
    PERFORM
    FROM survey.contacts AS o
    WHERE o.organisation_id = p_organisation_id
      AND o.phone_number = v_contact.phone_number
      AND o.id <> v_contact.id
      AND o.state IN ('pending', 'in_progress');

    IF FOUND THEN
      IF NOT pg_try_advisory_xact_lock(
        hashtextextended(p_organisation_id::text || ':' || v_contact.phone_number::text, 0)
      ) THEN
        v_reason := 'leased_elsewhere';
      END IF;

      PERFORM
      FROM survey.contacts AS o
      WHERE o.organisation_id = p_organisation_id
        AND o.phone_number = v_contact.phone_number
        AND o.id <> v_contact.id
        AND o.state = 'in_progress';

      IF FOUND THEN
        v_reason := 'leased_elsewhere';
      END IF;
    END IF;

    -- Asked in any case: a number that must never be called is excluded even while it is leased elsewhere.
    v_reason := coalesce(
      telephony.call_block_reason(
        p_organisation_id,
        v_contact.phone_number::text,
        v_contact.country_code,
        v_zone,
        v_contact.has_prior_consent,
        p_at
      ),
      v_reason
    );

    IF v_reason = 'do_not_call' THEN
      UPDATE survey.contacts
      SET
        do_not_call = true,
        state = 'excluded'
      WHERE organisation_id = p_organisation_id
        AND id = v_contact.id;
      CONTINUE;
    END IF;

    IF v_reason IS NOT NULL THEN
      UPDATE survey.contacts
      SET next_attempt_at = p_at + interval '15 minutes'
      WHERE organisation_id = p_organisation_id
        AND id = v_contact.id;
      CONTINUE;
    END IF;

    v_left := v_left - 1;

    RETURN QUERY
      UPDATE survey.contacts AS k
      SET
        state = 'in_progress',
        locked_by = p_worker,
        locked_until = p_at + p_lease
      WHERE k.organisation_id = p_organisation_id
        AND k.id = v_contact.id
      RETURNING k.*;
  END LOOP;
END
$$;
COMMENT ON FUNCTION survey.claim_due_contacts(uuid, uuid, text, integer, interval, timestamptz) IS
  'Leases contacts of a running campaign that may be called now.';

CREATE OR REPLACE FUNCTION survey.release_expired_contacts(p_organisation_id uuid, p_at timestamptz DEFAULT now())
RETURNS integer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  v_ids uuid[];
  v_released integer;
BEGIN
  -- A contact whose outcome is being recorded at this moment is passed over, so nobody waits for anybody.
  SELECT array_agg(expired.id)
  INTO v_ids
  FROM (
    SELECT k.id
    FROM survey.contacts AS k
    WHERE k.organisation_id = p_organisation_id
      AND k.state = 'in_progress'
      AND k.locked_until < p_at
    FOR UPDATE SKIP LOCKED
  ) AS expired;

  UPDATE survey.contacts
  SET
    state = 'pending',
    locked_by = NULL,
    locked_until = NULL
  WHERE organisation_id = p_organisation_id
    AND id = ANY (v_ids);

  GET DIAGNOSTICS v_released = ROW_COUNT;
  RETURN v_released;
END
$$;
COMMENT ON FUNCTION survey.release_expired_contacts(uuid, timestamptz) IS
  'Gives contacts with an expired lease back; returns how many.';

CREATE OR REPLACE FUNCTION survey.record_call_outcome(
  p_organisation_id uuid,
  p_call_attempt_id uuid,
  p_outcome iam.contact_outcome,
  p_at timestamptz DEFAULT now()
)
RETURNS survey.contact_state
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  v_attempt telephony.call_attempts;
  v_contact survey.contacts;
  v_campaign survey.campaigns;
  v_later_is_running boolean;
  v_later_has_outcome boolean;
  v_attempts_count integer;
  v_last_attempt_at timestamptz := p_at;
  v_last_outcome iam.contact_outcome := p_outcome;
  v_status telephony.call_status := 'completed';
  v_state survey.contact_state;
  v_next_attempt_at timestamptz;
  v_locked_by text;
  v_locked_until timestamptz;
  v_type survey.event_type;
BEGIN
  IF p_outcome IS NULL OR p_at IS NULL THEN
    RAISE EXCEPTION 'the outcome of call attempt % and its time must not be null', p_call_attempt_id
      USING ERRCODE = 'null_value_not_allowed';
  END IF;

  -- Not FOR UPDATE: two handlers that each add an event of the call and then its outcome would wait for each other.
  SELECT a.*
  INTO v_attempt
  FROM telephony.call_attempts AS a
  WHERE a.organisation_id = p_organisation_id
    AND a.id = p_call_attempt_id
  FOR NO KEY UPDATE;

  IF NOT FOUND OR v_attempt.contact_id IS NULL THEN
    RAISE EXCEPTION 'call attempt % of a contact not found', p_call_attempt_id
      USING ERRCODE = 'no_data_found';
  END IF;

  SELECT k.*
  INTO v_contact
  FROM survey.contacts AS k
  WHERE k.organisation_id = p_organisation_id
    AND k.id = v_attempt.contact_id
  FOR NO KEY UPDATE;

  -- A callback that comes twice changes nothing.
  IF v_attempt.outcome IS NOT NULL THEN
    RETURN v_contact.state;
  END IF;

  SELECT c.*
  INTO v_campaign
  FROM survey.campaigns AS c
  WHERE c.organisation_id = p_organisation_id
    AND c.id = v_contact.campaign_id;

  IF p_outcome IN ('no_answer', 'busy', 'failed') THEN
    v_status := p_outcome::text;
  END IF;

  UPDATE telephony.call_attempts
  SET
    outcome = p_outcome,
    status = v_status,
    ended_at = coalesce(ended_at, greatest(p_at, queued_at))
  WHERE organisation_id = p_organisation_id
    AND id = v_attempt.id;

  -- A callback may come late: the lease ran out, and somebody else called meanwhile. What the person answered then
  -- stands, and a call that is still running keeps its lease.
  SELECT
    coalesce(bool_or(later.ended_at IS NULL), false),
    coalesce(bool_or(later.outcome IS NOT NULL), false)
  INTO v_later_is_running, v_later_has_outcome
  FROM telephony.call_attempts AS later
  WHERE later.organisation_id = p_organisation_id
    AND later.contact_id = v_contact.id
    AND later.attempt_number > v_attempt.attempt_number;

  IF v_later_has_outcome THEN
    v_last_attempt_at := v_contact.last_attempt_at;
    v_last_outcome := v_contact.last_outcome;
  END IF;

  -- The check allows no more than 50; a count that stands still is better than a callback that fails for ever.
  v_attempts_count := least(v_contact.attempts_count + 1, 50);
  v_next_attempt_at := v_contact.next_attempt_at;

  IF v_contact.state IN ('completed', 'refused', 'excluded') THEN
    v_state := v_contact.state;
  ELSIF v_contact.do_not_call THEN
    v_state := 'excluded';
  ELSIF p_outcome IN ('completed', 'refused') THEN
    v_state := p_outcome::text;
  ELSIF v_contact.state = 'not_reached' THEN
    v_state := 'not_reached';
  ELSIF v_contact.state = 'in_progress' AND v_later_is_running THEN
    v_state := 'in_progress';
    v_locked_by := v_contact.locked_by;
    v_locked_until := v_contact.locked_until;
  ELSIF v_attempts_count >= v_campaign.max_attempts THEN
    v_state := 'not_reached';
  ELSE
    v_state := 'pending';
    v_next_attempt_at := p_at + make_interval(mins => v_campaign.retry_interval_minutes);
  END IF;

  UPDATE survey.contacts
  SET
    state = v_state,
    attempts_count = v_attempts_count,
    last_attempt_at = v_last_attempt_at,
    last_outcome = v_last_outcome,
    next_attempt_at = v_next_attempt_at,
    locked_by = v_locked_by,
    locked_until = v_locked_until
  WHERE organisation_id = p_organisation_id
    AND id = v_contact.id;

  -- Not for a late callback that left the state as it was.
  IF v_state = 'not_reached' OR v_state::text = p_outcome::text THEN
    v_type := 'survey.' || v_state::text;

    INSERT INTO survey.events (
      organisation_id,
      event_type,
      campaign_id,
      contact_id,
      call_attempt_id,
      idempotency_key,
      payload
    )
    VALUES (
      p_organisation_id,
      v_type,
      v_contact.campaign_id,
      v_contact.id,
      v_attempt.id,
      v_type::text || ':' || v_contact.id::text,
      jsonb_build_object('outcome', p_outcome, 'attempts', v_attempts_count)
    )
    ON CONFLICT DO NOTHING;
  END IF;

  RETURN v_state;
END
$$;
COMMENT ON FUNCTION survey.record_call_outcome(uuid, uuid, iam.contact_outcome, timestamptz) IS
  'Ends a call, moves its contact on and emits the event of a final result; a second call changes nothing.';

CREATE OR REPLACE VIEW survey.v_campaign_effectiveness
WITH (security_invoker = true)
AS
SELECT
  p.organisation_id,
  p.campaign_id,
  p.name,
  p.status,
  p.contacts_total,
  p.completed,
  p.completion_rate,
  coalesce(c.calls, 0) AS calls,
  coalesce(c.answered, 0) AS answered,
  c.avg_duration_seconds,
  c.cost_amount,
  round(100.0 * c.answered / nullif(c.calls, 0), 2) AS answer_rate
FROM survey.v_campaign_progress AS p
LEFT JOIN (
  SELECT
    a.organisation_id,
    a.campaign_id,
    count(*) AS calls,
    count(a.answered_at) AS answered,
    avg(a.duration_seconds) AS avg_duration_seconds,
    -- No sum over different currencies.
    CASE WHEN min(a.cost_currency) = max(a.cost_currency) THEN sum(a.cost_amount) END AS cost_amount
  FROM telephony.call_attempts AS a
  GROUP BY a.organisation_id, a.campaign_id
) AS c
  ON c.organisation_id = p.organisation_id
  AND c.campaign_id = p.campaign_id;
COMMENT ON VIEW survey.v_campaign_effectiveness IS
  'Progress of a campaign beside its calls, answers and cost; the cost is null when its calls were paid in several '
  'currencies.';

GRANT SELECT ON survey.v_campaign_effectiveness TO ${role_app}, ${role_worker}, ${role_readonly};
