-- survey: functions
-- schemaway: requires=20260105.110400
--
-- Brings the experiment assignment and the outbox of survey.events.
--
-- The name of a worker is what tells it that it lost a lease, so it must be unique among the running processes.
--
-- Citus refuses UPDATEs that combine columns with functions that are not immutable, such as now() inside CASE or a time
-- plus iam.backoff(attempts). Such values are therefore computed first.

SET LOCAL ROLE ${role_owner};
SET LOCAL search_path = pg_catalog;

CREATE OR REPLACE FUNCTION survey.assign_variant(p_experiment_id uuid, p_contact_id uuid)
RETURNS uuid
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  v_organisation_id constant uuid := iam.require_organisation_id();
  -- The same contact always falls on the same point of the weights. The mask takes the sign away.
  v_hash constant bigint :=
    hashtextextended(p_experiment_id::text || ':' || p_contact_id::text, 0) & 9223372036854775807;
  v_variant_id uuid;
BEGIN
  -- An assignment is for ever.
  SELECT e.variant_id
  INTO v_variant_id
  FROM survey.enrollments AS e
  WHERE e.organisation_id = v_organisation_id
    AND e.experiment_id = p_experiment_id
    AND e.contact_id = p_contact_id;

  IF FOUND THEN
    RETURN v_variant_id;
  END IF;

  PERFORM
  FROM survey.experiments AS x
  JOIN survey.contacts AS c ON c.organisation_id = x.organisation_id AND c.campaign_id = x.campaign_id
  WHERE x.organisation_id = v_organisation_id
    AND x.id = p_experiment_id
    AND x.status = 'running'
    AND c.id = p_contact_id;

  IF NOT FOUND THEN
    RETURN NULL;
  END IF;

  -- One query, because the weights may change between two. The collation keeps the order the same on every server.
  SELECT s.id
  INTO v_variant_id
  FROM (
    SELECT
      v.id,
      sum(v.weight) OVER (ORDER BY v.key COLLATE "C") AS upto,
      sum(v.weight) OVER () AS total
    FROM survey.experiment_variants AS v
    WHERE v.organisation_id = v_organisation_id
      AND v.experiment_id = p_experiment_id
      AND v.weight > 0
  ) AS s
  WHERE s.upto > mod(v_hash, s.total)
  ORDER BY s.upto
  LIMIT 1;

  IF NOT FOUND THEN
    RETURN NULL;
  END IF;

  INSERT INTO survey.enrollments (organisation_id, experiment_id, contact_id, variant_id)
  VALUES (v_organisation_id, p_experiment_id, p_contact_id, v_variant_id)
  ON CONFLICT DO NOTHING;

  -- A concurrent call may have been faster.
  SELECT e.variant_id
  INTO v_variant_id
  FROM survey.enrollments AS e
  WHERE e.organisation_id = v_organisation_id
    AND e.experiment_id = p_experiment_id
    AND e.contact_id = p_contact_id;

  RETURN v_variant_id;
END
$$;
COMMENT ON FUNCTION survey.assign_variant(uuid, uuid) IS
  'Variant of a contact in a running experiment, by stable hash over the weights; null when there is none.';

CREATE OR REPLACE FUNCTION survey.claim_events(
  p_worker text,
  p_limit integer DEFAULT 100,
  p_lease interval DEFAULT interval '1 minute'
)
RETURNS SETOF survey.events
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  -- A null would take the whole queue.
  v_limit constant integer NOT NULL := p_limit;
BEGIN
  -- Materialized: as a plain sub-select it may be run again for each event, and then takes more than the limit. The
  -- counter stops at its highest value, lest one event that no worker survives stop the queue of all organisations.
  RETURN QUERY
    WITH due AS MATERIALIZED (
      SELECT q.organisation_id, q.id
      FROM survey.events AS q
      WHERE q.published_at IS NULL
        AND q.dead_at IS NULL
        AND q.next_attempt_at <= now()
        AND (q.locked_until IS NULL OR q.locked_until < now())
      ORDER BY q.next_attempt_at
      LIMIT v_limit
      FOR UPDATE SKIP LOCKED
    ),
    claimed AS (
      UPDATE survey.events AS e
      SET
        locked_by = p_worker,
        locked_until = now() + p_lease,
        attempts = least(e.attempts + 1, 32767)
      FROM due
      WHERE e.organisation_id = due.organisation_id
        AND e.id = due.id
      RETURNING e.*
    )
    SELECT *
    FROM claimed AS c
    ORDER BY c.next_attempt_at, c.id;
END
$$;
COMMENT ON FUNCTION survey.claim_events(text, integer, interval) IS
  'Leases due events of all organisations. Not on Citus: use the form with an organisation.';

CREATE OR REPLACE FUNCTION survey.claim_events(
  p_organisation_id uuid,
  p_worker text,
  p_limit integer DEFAULT 100,
  p_lease interval DEFAULT interval '1 minute'
)
RETURNS SETOF survey.events
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  -- A null would take the whole queue.
  v_limit constant integer NOT NULL := p_limit;
  v_ids uuid[];
BEGIN
  SELECT array_agg(due.id)
  INTO v_ids
  FROM (
    SELECT q.id
    FROM survey.events AS q
    WHERE q.organisation_id = p_organisation_id
      AND q.published_at IS NULL
      AND q.dead_at IS NULL
      AND q.next_attempt_at <= now()
      AND (q.locked_until IS NULL OR q.locked_until < now())
    ORDER BY q.next_attempt_at
    LIMIT v_limit
    FOR UPDATE SKIP LOCKED
  ) AS due;

  UPDATE survey.events AS e
  SET
    locked_by = p_worker,
    locked_until = now() + p_lease,
    attempts = least(e.attempts + 1, 32767)
  WHERE e.organisation_id = p_organisation_id
    AND e.id = ANY (v_ids);

  RETURN QUERY
    SELECT e.*
    FROM survey.events AS e
    WHERE e.organisation_id = p_organisation_id
      AND e.id = ANY (v_ids)
    ORDER BY e.next_attempt_at, e.id;
END
$$;
COMMENT ON FUNCTION survey.claim_events(uuid, text, integer, interval) IS 'Leases due events of one organisation.';

CREATE OR REPLACE FUNCTION survey.complete_event(p_organisation_id uuid, p_id uuid, p_worker text)
RETURNS boolean
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  UPDATE survey.events
  SET
    published_at = now(),
    locked_by = NULL,
    locked_until = NULL,
    last_error = NULL
  WHERE organisation_id = p_organisation_id
    AND id = p_id
    AND locked_by = p_worker
    AND published_at IS NULL;

  RETURN FOUND;
END
$$;
COMMENT ON FUNCTION survey.complete_event(uuid, uuid, text) IS
  'Marks a leased event published; false when the lease was lost.';

CREATE OR REPLACE FUNCTION survey.fail_event(
  p_organisation_id uuid,
  p_id uuid,
  p_worker text,
  p_error text,
  p_max_attempts integer DEFAULT 10
)
RETURNS boolean
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  v_attempts integer;
  v_next_attempt_at timestamptz;
  v_dead_at timestamptz;
BEGIN
  SELECT e.attempts
  INTO v_attempts
  FROM survey.events AS e
  WHERE e.organisation_id = p_organisation_id
    AND e.id = p_id
    AND e.locked_by = p_worker
    AND e.published_at IS NULL
  FOR UPDATE;

  IF NOT FOUND THEN
    RETURN false;
  END IF;

  v_next_attempt_at := now() + iam.backoff(v_attempts);

  IF v_attempts >= coalesce(p_max_attempts, 10) THEN
    v_dead_at := now();
  END IF;

  UPDATE survey.events
  SET
    locked_by = NULL,
    locked_until = NULL,
    last_error = left(p_error, 2000),
    next_attempt_at = v_next_attempt_at,
    dead_at = v_dead_at
  WHERE organisation_id = p_organisation_id
    AND id = p_id;

  RETURN true;
END
$$;
COMMENT ON FUNCTION survey.fail_event(uuid, uuid, text, text, integer) IS
  'Gives a leased event back with backoff, or up for good after the last attempt; false when the lease was lost.';
