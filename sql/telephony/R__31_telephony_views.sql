-- telephony: views
-- schemaway: requires=20260105.120400
--
-- Brings the work list, the figures of agents and the call log.

SET LOCAL ROLE ${role_owner};
SET LOCAL search_path = pg_catalog;

CREATE OR REPLACE VIEW telephony.v_pending_tasks
WITH (security_invoker = true)
AS
SELECT
  t.organisation_id,
  t.id,
  t.type,
  t.priority,
  t.status,
  t.scheduled_at,
  t.due_at,
  t.attempts,
  t.max_attempts,
  t.subject_type,
  t.subject_id,
  t.context,
  a.id AS agent_id,
  a.name AS agent_name,
  a.type AS agent_type,
  a.status AS agent_status,
  (t.due_at IS NOT NULL AND t.due_at < now()) AS is_late
FROM telephony.tasks AS t
LEFT JOIN telephony.agents AS a
  ON a.organisation_id = t.organisation_id
  AND a.id = t.agent_id
WHERE t.status IN ('pending', 'assigned');
COMMENT ON VIEW telephony.v_pending_tasks IS 'Open tasks with their agent.';

CREATE OR REPLACE VIEW telephony.v_agent_performance
WITH (security_invoker = true)
AS
SELECT
  a.organisation_id,
  a.id AS agent_id,
  a.name,
  a.type,
  a.status,
  count(t.id) AS tasks_total,
  count(*) FILTER (WHERE t.status = 'completed') AS tasks_completed,
  count(*) FILTER (WHERE t.status = 'failed') AS tasks_failed,
  avg(extract(epoch FROM t.completed_at - t.started_at)) FILTER (WHERE t.status = 'completed') AS avg_seconds,
  round(
    100.0 * count(*) FILTER (WHERE t.status = 'completed')
    / nullif(count(*) FILTER (WHERE t.status IN ('completed', 'failed')), 0),
    2
  ) AS success_rate
FROM telephony.agents AS a
LEFT JOIN telephony.tasks AS t
  ON t.organisation_id = a.organisation_id
  AND t.agent_id = a.id
GROUP BY a.organisation_id, a.id, a.name, a.type, a.status;
COMMENT ON VIEW telephony.v_agent_performance IS 'Tasks, success and speed by agent.';

CREATE OR REPLACE VIEW telephony.v_call_log
WITH (security_invoker = true)
AS
SELECT
  c.organisation_id,
  c.id,
  c.campaign_id,
  c.contact_id,
  c.attempt_number,
  c.direction,
  c.to_number,
  c.status,
  c.outcome,
  c.queued_at,
  c.answered_at,
  c.ended_at,
  c.duration_seconds,
  p.provider_name,
  p.llm_provider,
  count(s.id) AS snippet_count
FROM telephony.call_attempts AS c
LEFT JOIN telephony.provider_configs AS p
  ON p.organisation_id = c.organisation_id
  AND p.id = c.provider_config_id
LEFT JOIN telephony.transcript_snippets AS s
  ON s.organisation_id = c.organisation_id
  AND s.call_attempt_id = c.id
GROUP BY
  c.organisation_id,
  c.id,
  c.campaign_id,
  c.contact_id,
  c.attempt_number,
  c.direction,
  c.to_number,
  c.status,
  c.outcome,
  c.queued_at,
  c.answered_at,
  c.ended_at,
  c.duration_seconds,
  p.provider_name,
  p.llm_provider;
COMMENT ON VIEW telephony.v_call_log IS 'Calls with provider and number of transcript snippets.';

GRANT SELECT ON
  telephony.v_pending_tasks,
  telephony.v_agent_performance,
  telephony.v_call_log
TO ${role_app}, ${role_worker}, ${role_readonly};
