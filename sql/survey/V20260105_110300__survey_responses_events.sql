-- survey: responses events
--
-- Brings interviews, their answers, and the events that tell other systems about results.

SET LOCAL ROLE ${role_owner};
SET LOCAL search_path = pg_catalog;

-- One completed or partial interview of a contact.

CREATE TABLE IF NOT EXISTS survey.survey_responses (
  organisation_id uuid NOT NULL DEFAULT iam.current_organisation_id(),
  id uuid NOT NULL DEFAULT iam.uuid_v7(),
  campaign_id uuid NOT NULL,
  contact_id uuid NOT NULL,
  call_attempt_id uuid,
  language iam.campaign_language,
  consent_given_at timestamptz,
  started_at timestamptz NOT NULL DEFAULT now(),
  completed_at timestamptz,
  metadata jsonb NOT NULL DEFAULT '{}'::jsonb,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT pk_survey_responses PRIMARY KEY (organisation_id, id),
  CONSTRAINT uq_survey_responses_campaign_id_contact_id UNIQUE (organisation_id, campaign_id, contact_id),
  CONSTRAINT uq_survey_responses_campaign_id_id UNIQUE (organisation_id, campaign_id, id),
  CONSTRAINT ck_survey_responses_metadata CHECK (jsonb_typeof(metadata) = 'object'),
  CONSTRAINT ck_survey_responses_times CHECK (completed_at IS NULL OR completed_at >= started_at),
  CONSTRAINT fk_survey_responses_organisation_id
    FOREIGN KEY (organisation_id)
    REFERENCES iam.organisations (id)
    ON DELETE CASCADE,
  CONSTRAINT fk_survey_responses_campaign_id
    FOREIGN KEY (organisation_id, campaign_id)
    REFERENCES survey.campaigns (organisation_id, id)
    ON DELETE CASCADE,
  CONSTRAINT fk_survey_responses_campaign_id_contact_id
    FOREIGN KEY (organisation_id, campaign_id, contact_id)
    REFERENCES survey.contacts (organisation_id, campaign_id, id)
    ON DELETE CASCADE
);

SELECT iam.make_tenant_table('survey.survey_responses');

CREATE INDEX IF NOT EXISTS ix_survey_responses_campaign_id_completed_at
  ON survey.survey_responses (organisation_id, campaign_id, completed_at);

CREATE INDEX IF NOT EXISTS ix_survey_responses_call_attempt_id
  ON survey.survey_responses (organisation_id, call_attempt_id)
  WHERE call_attempt_id IS NOT NULL;

COMMENT ON TABLE survey.survey_responses IS 'One completed or partial interview of a contact.';
COMMENT ON COLUMN survey.survey_responses.organisation_id IS 'Tenant key.';
COMMENT ON COLUMN survey.survey_responses.id IS 'Row id, unique inside the organisation.';
COMMENT ON COLUMN survey.survey_responses.campaign_id IS 'Campaign.';
COMMENT ON COLUMN survey.survey_responses.contact_id IS 'Contact.';
COMMENT ON COLUMN survey.survey_responses.call_attempt_id IS
  'telephony.call_attempts row; foreign key added by survey_telephony.';
COMMENT ON COLUMN survey.survey_responses.language IS 'Language the interview was held in.';
COMMENT ON COLUMN survey.survey_responses.consent_given_at IS 'Spoken consent time in the call.';
COMMENT ON COLUMN survey.survey_responses.started_at IS 'First question time.';
COMMENT ON COLUMN survey.survey_responses.completed_at IS 'Completion time; null while partial.';
COMMENT ON COLUMN survey.survey_responses.metadata IS 'Model versions and other facts.';
COMMENT ON COLUMN survey.survey_responses.created_at IS 'Creation time.';
COMMENT ON COLUMN survey.survey_responses.updated_at IS 'Latest change, kept by trigger.';
COMMENT ON INDEX survey.ix_survey_responses_campaign_id_completed_at IS 'Campaign report and export by time.';
COMMENT ON INDEX survey.ix_survey_responses_call_attempt_id IS 'Response of a call; covers the link foreign key.';

-- Answer to one question in a response.

CREATE TABLE IF NOT EXISTS survey.survey_answers (
  organisation_id uuid NOT NULL DEFAULT iam.current_organisation_id(),
  id uuid NOT NULL DEFAULT iam.uuid_v7(),
  response_id uuid NOT NULL,
  question_id uuid NOT NULL,
  answer_text text,
  answer_numeric numeric,
  confidence numeric(3, 2),
  answered_at timestamptz NOT NULL DEFAULT now(),
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT pk_survey_answers PRIMARY KEY (organisation_id, id),
  CONSTRAINT uq_survey_answers_response_id_question_id UNIQUE (organisation_id, response_id, question_id),
  CONSTRAINT ck_survey_answers_confidence CHECK (confidence BETWEEN 0 AND 1),
  CONSTRAINT ck_survey_answers_has_value CHECK (
    answer_text IS NOT NULL OR answer_numeric IS NOT NULL
  ),
  CONSTRAINT fk_survey_answers_organisation_id
    FOREIGN KEY (organisation_id)
    REFERENCES iam.organisations (id)
    ON DELETE CASCADE,
  CONSTRAINT fk_survey_answers_response_id
    FOREIGN KEY (organisation_id, response_id)
    REFERENCES survey.survey_responses (organisation_id, id)
    ON DELETE CASCADE,
  CONSTRAINT fk_survey_answers_question_id
    FOREIGN KEY (organisation_id, question_id)
    REFERENCES survey.campaign_questions (organisation_id, id)
    ON DELETE NO ACTION
    DEFERRABLE INITIALLY DEFERRED
);

SELECT iam.make_tenant_table('survey.survey_answers');

CREATE INDEX IF NOT EXISTS ix_survey_answers_question_id_answer_numeric
  ON survey.survey_answers (organisation_id, question_id, answer_numeric);

COMMENT ON TABLE survey.survey_answers IS 'Answer to one question in a response.';
COMMENT ON COLUMN survey.survey_answers.organisation_id IS 'Tenant key.';
COMMENT ON COLUMN survey.survey_answers.id IS 'Row id, unique inside the organisation.';
COMMENT ON COLUMN survey.survey_answers.response_id IS 'Response.';
COMMENT ON COLUMN survey.survey_answers.question_id IS 'Question.';
COMMENT ON COLUMN survey.survey_answers.answer_text IS 'Answer as understood.';
COMMENT ON COLUMN survey.survey_answers.answer_numeric IS 'Numeric value for numeric and scale.';
COMMENT ON COLUMN survey.survey_answers.confidence IS 'Extraction confidence 0 to 1.';
COMMENT ON COLUMN survey.survey_answers.answered_at IS 'Answer time.';
COMMENT ON COLUMN survey.survey_answers.created_at IS 'Creation time.';
COMMENT ON COLUMN survey.survey_answers.updated_at IS 'Latest change, kept by trigger.';
COMMENT ON INDEX survey.ix_survey_answers_question_id_answer_numeric IS 'Distribution of answers per question.';

-- Domain events; also the transactional outbox of the survey schema.

CREATE TABLE IF NOT EXISTS survey.events (
  organisation_id uuid NOT NULL DEFAULT iam.current_organisation_id(),
  id uuid NOT NULL DEFAULT iam.uuid_v7(),
  event_type survey.event_type NOT NULL,
  campaign_id uuid NOT NULL,
  contact_id uuid NOT NULL,
  call_attempt_id uuid,
  idempotency_key text NOT NULL,
  payload jsonb NOT NULL DEFAULT '{}'::jsonb,
  published_at timestamptz,
  attempts smallint NOT NULL DEFAULT 0,
  next_attempt_at timestamptz NOT NULL DEFAULT now(),
  locked_by text,
  locked_until timestamptz,
  last_error text,
  dead_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT pk_events PRIMARY KEY (organisation_id, id),
  CONSTRAINT uq_events_idempotency_key UNIQUE (organisation_id, idempotency_key),
  CONSTRAINT ck_events_idempotency_key CHECK (length(idempotency_key) BETWEEN 1 AND 200),
  CONSTRAINT ck_events_payload CHECK (jsonb_typeof(payload) = 'object'),
  CONSTRAINT ck_events_attempts CHECK (attempts >= 0),
  CONSTRAINT ck_events_lock_pair CHECK ((locked_by IS NULL) = (locked_until IS NULL)),
  CONSTRAINT fk_events_organisation_id
    FOREIGN KEY (organisation_id)
    REFERENCES iam.organisations (id)
    ON DELETE CASCADE,
  CONSTRAINT fk_events_campaign_id
    FOREIGN KEY (organisation_id, campaign_id)
    REFERENCES survey.campaigns (organisation_id, id)
    ON DELETE CASCADE,
  CONSTRAINT fk_events_contact_id
    FOREIGN KEY (organisation_id, contact_id)
    REFERENCES survey.contacts (organisation_id, id)
    ON DELETE CASCADE
);

SELECT iam.make_tenant_table('survey.events');

CREATE INDEX IF NOT EXISTS ix_events_queue
  ON survey.events (next_attempt_at)
  WHERE published_at IS NULL AND dead_at IS NULL;

CREATE INDEX IF NOT EXISTS ix_events_campaign_id_event_type_created_at
  ON survey.events (organisation_id, campaign_id, event_type, created_at);

CREATE INDEX IF NOT EXISTS ix_events_contact_id
  ON survey.events (organisation_id, contact_id);

CREATE INDEX IF NOT EXISTS ix_events_call_attempt_id
  ON survey.events (organisation_id, call_attempt_id)
  WHERE call_attempt_id IS NOT NULL;

CREATE INDEX IF NOT EXISTS ix_events_dead_at
  ON survey.events (organisation_id, dead_at)
  WHERE dead_at IS NOT NULL;

COMMENT ON TABLE survey.events IS 'Domain events; also the transactional outbox of the survey schema.';
COMMENT ON COLUMN survey.events.organisation_id IS 'Tenant key.';
COMMENT ON COLUMN survey.events.id IS 'Row id, unique inside the organisation.';
COMMENT ON COLUMN survey.events.event_type IS 'Event type.';
COMMENT ON COLUMN survey.events.campaign_id IS 'Campaign.';
COMMENT ON COLUMN survey.events.contact_id IS 'Contact.';
COMMENT ON COLUMN survey.events.call_attempt_id IS
  'telephony.call_attempts row; foreign key added by survey_telephony.';
COMMENT ON COLUMN survey.events.idempotency_key IS
  'Producer key that makes emission idempotent, e.g. contact id and type.';
COMMENT ON COLUMN survey.events.payload IS 'Event body.';
COMMENT ON COLUMN survey.events.published_at IS 'Relayed successfully.';
COMMENT ON COLUMN survey.events.attempts IS 'Relay attempts.';
COMMENT ON COLUMN survey.events.next_attempt_at IS 'Earliest relay time.';
COMMENT ON COLUMN survey.events.locked_by IS 'Relay holding the lease.';
COMMENT ON COLUMN survey.events.locked_until IS 'End of the lease.';
COMMENT ON COLUMN survey.events.last_error IS 'Latest relay error.';
COMMENT ON COLUMN survey.events.dead_at IS 'Given up.';
COMMENT ON COLUMN survey.events.created_at IS 'Creation time.';
COMMENT ON INDEX survey.ix_events_queue IS
  'tenancy: exception - the outbox relay claims over all tenants; holds open rows only.';
COMMENT ON INDEX survey.ix_events_campaign_id_event_type_created_at IS 'Event history of a campaign.';
COMMENT ON INDEX survey.ix_events_contact_id IS 'Covers the foreign key.';
COMMENT ON INDEX survey.ix_events_call_attempt_id IS 'Covers the link foreign key.';
COMMENT ON INDEX survey.ix_events_dead_at IS 'Operator view of dead letters.';
