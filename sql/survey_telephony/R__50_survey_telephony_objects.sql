-- survey_telephony: objects
-- schemaway: requires=20260105.140000
--
-- Brings the dial loop: claim contacts that may be called now, record what became of the call.

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
  v_left integer := p_limit;
BEGIN
  SELECT c.*
  INTO v_campaign
  FROM survey.campaigns AS c
  WHERE c.organisation_id = p_organisation_id
    AND c.id = p_campaign_id
    AND c.status = 'running'
    AND (c.starts_at IS NULL OR c.starts_at <= p_at)
    AND (c.ends_at IS NULL OR c.ends_at > p_at);

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
    LIMIT p_limit * 5
    FOR UPDATE SKIP LOCKED
  LOOP
    EXIT WHEN v_left <= 0;

    v_zone := coalesce(v_contact.timezone, v_campaign.timezone);
    v_local := p_at AT TIME ZONE v_zone;

    -- Outside the window of the campaign: wait for the next one.
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

    v_reason := telephony.call_block_reason(
      p_organisation_id,
      v_contact.phone_number::text,
      v_contact.country_code,
      v_zone,
      v_contact.has_prior_consent,
      p_at
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
  v_released integer;
BEGIN
  UPDATE survey.contacts
  SET
    state = 'pending',
    locked_by = NULL,
    locked_until = NULL
  WHERE organisation_id = p_organisation_id
    AND state = 'in_progress'
    AND locked_until < p_at;

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
  v_status telephony.call_status := 'completed';
  v_state survey.contact_state := 'pending';
  v_next_attempt_at timestamptz;
  v_type survey.event_type;
BEGIN
  SELECT a.*
  INTO v_attempt
  FROM telephony.call_attempts AS a
  WHERE a.organisation_id = p_organisation_id
    AND a.id = p_call_attempt_id
  FOR UPDATE;

  IF NOT FOUND OR v_attempt.contact_id IS NULL THEN
    RAISE EXCEPTION 'call attempt % of a contact not found', p_call_attempt_id
      USING ERRCODE = 'no_data_found';
  END IF;

  SELECT k.*
  INTO v_contact
  FROM survey.contacts AS k
  WHERE k.organisation_id = p_organisation_id
    AND k.id = v_attempt.contact_id
  FOR UPDATE;

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

  v_next_attempt_at := v_contact.next_attempt_at;

  IF v_contact.do_not_call THEN
    v_state := 'excluded';
  ELSIF p_outcome IN ('completed', 'refused') THEN
    v_state := p_outcome::text;
  ELSIF v_contact.attempts_count + 1 >= v_campaign.max_attempts THEN
    v_state := 'not_reached';
  ELSE
    v_next_attempt_at := p_at + make_interval(mins => v_campaign.retry_interval_minutes);
  END IF;

  UPDATE survey.contacts
  SET
    state = v_state,
    attempts_count = attempts_count + 1,
    last_attempt_at = p_at,
    last_outcome = p_outcome,
    next_attempt_at = v_next_attempt_at,
    locked_by = NULL,
    locked_until = NULL
  WHERE organisation_id = p_organisation_id
    AND id = v_contact.id;

  IF v_state IN ('completed', 'refused', 'not_reached') THEN
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
      jsonb_build_object('outcome', p_outcome, 'attempts', v_contact.attempts_count + 1)
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
    sum(a.cost_amount) AS cost_amount
  FROM telephony.call_attempts AS a
  GROUP BY a.organisation_id, a.campaign_id
) AS c
  ON c.organisation_id = p.organisation_id
  AND c.campaign_id = p.campaign_id;
COMMENT ON VIEW survey.v_campaign_effectiveness IS 'Progress of a campaign beside its calls, answers and cost.';
