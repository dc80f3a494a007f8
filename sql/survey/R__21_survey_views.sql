-- survey: views
-- schemaway: requires=20260105.110400
--
-- Brings the reports over campaigns, answers and experiments, and the flat three-question shapes. GROUP BY names every
-- column: a view that leans on a primary key depends on the constraint, and Citus keeps such a view on the coordinator.

SET LOCAL ROLE ${role_owner};
SET LOCAL search_path = pg_catalog;

CREATE OR REPLACE VIEW survey.v_campaign_script
WITH (security_invoker = true)
AS
SELECT
  c.organisation_id,
  c.id AS campaign_id,
  c.intro_script,
  max(q.text) FILTER (WHERE q.position = 1) AS question_1_text,
  max(q.type::text) FILTER (WHERE q.position = 1) AS question_1_type,
  max(q.text) FILTER (WHERE q.position = 2) AS question_2_text,
  max(q.type::text) FILTER (WHERE q.position = 2) AS question_2_type,
  max(q.text) FILTER (WHERE q.position = 3) AS question_3_text,
  max(q.type::text) FILTER (WHERE q.position = 3) AS question_3_type
FROM survey.campaigns AS c
LEFT JOIN survey.campaign_questions AS q
  ON q.organisation_id = c.organisation_id
  AND q.campaign_id = c.id
GROUP BY c.organisation_id, c.id, c.intro_script;
COMMENT ON VIEW survey.v_campaign_script IS 'Script of a campaign with its first three questions in one row.';

CREATE OR REPLACE VIEW survey.v_survey_responses
WITH (security_invoker = true)
AS
SELECT
  r.organisation_id,
  r.id,
  r.campaign_id,
  r.contact_id,
  r.call_attempt_id,
  r.completed_at,
  max(a.answer_text) FILTER (WHERE q.position = 1) AS q1_answer,
  max(a.confidence) FILTER (WHERE q.position = 1) AS q1_confidence,
  max(a.answer_text) FILTER (WHERE q.position = 2) AS q2_answer,
  max(a.confidence) FILTER (WHERE q.position = 2) AS q2_confidence,
  max(a.answer_text) FILTER (WHERE q.position = 3) AS q3_answer,
  max(a.confidence) FILTER (WHERE q.position = 3) AS q3_confidence
FROM survey.survey_responses AS r
LEFT JOIN survey.survey_answers AS a
  ON a.organisation_id = r.organisation_id
  AND a.response_id = r.id
LEFT JOIN survey.campaign_questions AS q
  ON q.organisation_id = a.organisation_id
  AND q.id = a.question_id
  AND q.campaign_id = r.campaign_id
GROUP BY
  r.organisation_id,
  r.id,
  r.campaign_id,
  r.contact_id,
  r.call_attempt_id,
  r.completed_at;
COMMENT ON VIEW survey.v_survey_responses IS 'Interviews with the answers to the first three questions in one row.';

CREATE OR REPLACE VIEW survey.v_campaign_progress
WITH (security_invoker = true)
AS
SELECT
  c.organisation_id,
  c.id AS campaign_id,
  c.name,
  c.status,
  count(k.id) AS contacts_total,
  count(*) FILTER (WHERE k.state = 'pending') AS pending,
  count(*) FILTER (WHERE k.state = 'in_progress') AS in_progress,
  count(*) FILTER (WHERE k.state = 'completed') AS completed,
  count(*) FILTER (WHERE k.state = 'refused') AS refused,
  count(*) FILTER (WHERE k.state = 'not_reached') AS not_reached,
  count(*) FILTER (WHERE k.state = 'excluded') AS excluded,
  coalesce(sum(k.attempts_count), 0) AS attempts_total,
  round(
    100.0 * count(*) FILTER (WHERE k.state = 'completed')
    / nullif(count(k.id) FILTER (WHERE k.state <> 'excluded'), 0),
    2
  ) AS completion_rate
FROM survey.campaigns AS c
LEFT JOIN survey.contacts AS k
  ON k.organisation_id = c.organisation_id
  AND k.campaign_id = c.id
GROUP BY c.organisation_id, c.id, c.name, c.status;
COMMENT ON VIEW survey.v_campaign_progress IS 'Contacts of a campaign by state, and the share completed.';

CREATE OR REPLACE VIEW survey.v_active_campaigns
WITH (security_invoker = true)
AS
SELECT
  p.organisation_id,
  p.campaign_id,
  p.name,
  p.status,
  p.contacts_total,
  p.pending,
  p.in_progress,
  p.completed,
  p.refused,
  p.not_reached,
  p.excluded,
  p.attempts_total,
  p.completion_rate,
  c.language,
  c.starts_at,
  c.ends_at,
  c.created_by_user_id
FROM survey.v_campaign_progress AS p
JOIN survey.campaigns AS c
  ON c.organisation_id = p.organisation_id
  AND c.id = p.campaign_id
WHERE c.status IN ('running', 'paused');
COMMENT ON VIEW survey.v_active_campaigns IS 'Progress of running and paused campaigns.';

CREATE OR REPLACE VIEW survey.v_experiment_results
WITH (security_invoker = true)
AS
SELECT
  v.organisation_id,
  v.experiment_id,
  v.id AS variant_id,
  v.key,
  count(e.contact_id) AS enrolled,
  count(*) FILTER (WHERE k.state = 'completed') AS completed,
  count(*) FILTER (WHERE k.state = 'refused') AS refused,
  round(
    100.0 * count(*) FILTER (WHERE k.state = 'completed') / nullif(count(e.contact_id), 0),
    2
  ) AS completion_rate
FROM survey.experiment_variants AS v
LEFT JOIN survey.enrollments AS e
  ON e.organisation_id = v.organisation_id
  AND e.experiment_id = v.experiment_id
  AND e.variant_id = v.id
LEFT JOIN survey.contacts AS k
  ON k.organisation_id = e.organisation_id
  AND k.id = e.contact_id
GROUP BY v.organisation_id, v.experiment_id, v.id, v.key;
COMMENT ON VIEW survey.v_experiment_results IS 'Contacts and completion by experiment variant.';

GRANT SELECT ON
  survey.v_campaign_script,
  survey.v_survey_responses,
  survey.v_campaign_progress,
  survey.v_active_campaigns,
  survey.v_experiment_results
TO ${role_app}, ${role_worker}, ${role_readonly};
