-- telephony: calls
--
-- Brings calls with their events, transcripts, and the provider webhooks already seen.

SET LOCAL ROLE ${role_owner};
SET LOCAL search_path = pg_catalog;

-- One attempt to call a person.

CREATE TABLE IF NOT EXISTS telephony.call_attempts (
  organisation_id uuid NOT NULL DEFAULT iam.current_organisation_id(),
  id uuid NOT NULL DEFAULT iam.uuid_v7(),
  contact_id uuid,
  campaign_id uuid,
  provider_config_id uuid,
  attempt_number smallint NOT NULL DEFAULT 1,
  direction telephony.call_direction NOT NULL DEFAULT 'outbound',
  call_id text NOT NULL,
  provider_call_id text,
  to_number iam.e164 NOT NULL,
  from_number iam.e164,
  status telephony.call_status NOT NULL DEFAULT 'queued',
  outcome iam.contact_outcome,
  provider_raw_status text,
  answered_by telephony.answered_by,
  queued_at timestamptz NOT NULL DEFAULT now(),
  started_at timestamptz,
  answered_at timestamptz,
  ended_at timestamptz,
  duration_seconds integer,
  error_code text,
  error_message text,
  recording_uri text,
  recording_deleted_at timestamptz,
  cost_amount numeric(12, 6),
  cost_currency text,
  metadata jsonb NOT NULL DEFAULT '{}'::jsonb,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT pk_call_attempts PRIMARY KEY (organisation_id, id),
  CONSTRAINT uq_call_attempts_call_id UNIQUE (organisation_id, call_id),
  CONSTRAINT ck_call_attempts_attempt_number CHECK (attempt_number >= 1),
  CONSTRAINT ck_call_attempts_call_id CHECK (length(call_id) BETWEEN 1 AND 255),
  CONSTRAINT ck_call_attempts_provider_call_id CHECK (length(provider_call_id) BETWEEN 1 AND 255),
  CONSTRAINT ck_call_attempts_duration_seconds CHECK (duration_seconds >= 0),
  CONSTRAINT ck_call_attempts_cost_amount CHECK (cost_amount >= 0),
  CONSTRAINT ck_call_attempts_cost_currency CHECK (cost_currency ~ '^[A-Z]{3}$'),
  CONSTRAINT ck_call_attempts_metadata CHECK (jsonb_typeof(metadata) = 'object'),
  CONSTRAINT ck_call_attempts_times CHECK (
    (answered_at IS NULL OR started_at IS NOT NULL) AND (ended_at IS NULL OR ended_at >= queued_at)
  ),
  CONSTRAINT ck_call_attempts_cost_pair CHECK ((cost_amount IS NULL) = (cost_currency IS NULL)),
  CONSTRAINT ck_call_attempts_ended CHECK (
    ended_at IS NULL OR status IN ('completed', 'no_answer', 'busy', 'failed', 'cancelled')
  ),
  CONSTRAINT fk_call_attempts_organisation_id
    FOREIGN KEY (organisation_id)
    REFERENCES iam.organisations (id)
    ON DELETE CASCADE,
  CONSTRAINT fk_call_attempts_provider_config_id
    FOREIGN KEY (organisation_id, provider_config_id)
    REFERENCES telephony.provider_configs (organisation_id, id)
    ON DELETE NO ACTION
);

SELECT iam.make_tenant_table('telephony.call_attempts');

CREATE UNIQUE INDEX IF NOT EXISTS uq_call_attempts_provider_call
  ON telephony.call_attempts (organisation_id, provider_config_id, provider_call_id)
  WHERE provider_call_id IS NOT NULL;

CREATE UNIQUE INDEX IF NOT EXISTS uq_call_attempts_contact_attempt
  ON telephony.call_attempts (organisation_id, contact_id, attempt_number)
  WHERE contact_id IS NOT NULL;

CREATE INDEX IF NOT EXISTS ix_call_attempts_running
  ON telephony.call_attempts (organisation_id, provider_config_id)
  WHERE ended_at IS NULL;

CREATE INDEX IF NOT EXISTS ix_call_attempts_provider_config_id
  ON telephony.call_attempts (organisation_id, provider_config_id)
  WHERE provider_config_id IS NOT NULL;

CREATE INDEX IF NOT EXISTS ix_call_attempts_campaign_id_outcome
  ON telephony.call_attempts (organisation_id, campaign_id, outcome);

CREATE INDEX IF NOT EXISTS ix_call_attempts_to_number_queued_at
  ON telephony.call_attempts (organisation_id, to_number, queued_at);

CREATE INDEX IF NOT EXISTS ix_call_attempts_queued_at
  ON telephony.call_attempts (organisation_id, queued_at);

COMMENT ON TABLE telephony.call_attempts IS 'One attempt to call a person.';
COMMENT ON COLUMN telephony.call_attempts.organisation_id IS 'Tenant key.';
COMMENT ON COLUMN telephony.call_attempts.id IS 'Row id, unique inside the organisation.';
COMMENT ON COLUMN telephony.call_attempts.contact_id IS
  'survey.contacts row when survey is installed; foreign key added by survey_telephony.';
COMMENT ON COLUMN telephony.call_attempts.campaign_id IS
  'survey.campaigns row; foreign key added by survey_telephony.';
COMMENT ON COLUMN telephony.call_attempts.provider_config_id IS 'Configuration used.';
COMMENT ON COLUMN telephony.call_attempts.attempt_number IS '1 for the first attempt of a contact.';
COMMENT ON COLUMN telephony.call_attempts.direction IS 'Direction.';
COMMENT ON COLUMN telephony.call_attempts.call_id IS 'Our idempotency key of the dial request.';
COMMENT ON COLUMN telephony.call_attempts.provider_call_id IS 'Call id at the provider.';
COMMENT ON COLUMN telephony.call_attempts.to_number IS 'Dialled number.';
COMMENT ON COLUMN telephony.call_attempts.from_number IS 'Caller id used.';
COMMENT ON COLUMN telephony.call_attempts.status IS 'Normalised status.';
COMMENT ON COLUMN telephony.call_attempts.outcome IS 'Outcome once ended.';
COMMENT ON COLUMN telephony.call_attempts.provider_raw_status IS 'Status as the provider said it.';
COMMENT ON COLUMN telephony.call_attempts.answered_by IS 'Machine detection.';
COMMENT ON COLUMN telephony.call_attempts.queued_at IS 'Queued.';
COMMENT ON COLUMN telephony.call_attempts.started_at IS 'Dialling started.';
COMMENT ON COLUMN telephony.call_attempts.answered_at IS 'Answered.';
COMMENT ON COLUMN telephony.call_attempts.ended_at IS 'Ended.';
COMMENT ON COLUMN telephony.call_attempts.duration_seconds IS 'Talk time.';
COMMENT ON COLUMN telephony.call_attempts.error_code IS 'Provider error code.';
COMMENT ON COLUMN telephony.call_attempts.error_message IS 'Provider error text.';
COMMENT ON COLUMN telephony.call_attempts.recording_uri IS 'Where the recording lies.';
COMMENT ON COLUMN telephony.call_attempts.recording_deleted_at IS 'Recording erased by retention.';
COMMENT ON COLUMN telephony.call_attempts.cost_amount IS 'Price of the call.';
COMMENT ON COLUMN telephony.call_attempts.cost_currency IS 'ISO 4217 currency of the price.';
COMMENT ON COLUMN telephony.call_attempts.metadata IS 'Other facts.';
COMMENT ON COLUMN telephony.call_attempts.created_at IS 'Creation time.';
COMMENT ON COLUMN telephony.call_attempts.updated_at IS 'Latest change, kept by trigger.';
COMMENT ON INDEX telephony.uq_call_attempts_provider_call IS
  'Finds the call of a provider callback; a provider call id is recorded once.';
COMMENT ON INDEX telephony.uq_call_attempts_contact_attempt IS 'Attempt numbers of a contact are unique.';
COMMENT ON INDEX telephony.ix_call_attempts_running IS 'Counts running calls against the limit.';
COMMENT ON INDEX telephony.ix_call_attempts_provider_config_id IS 'Covers the foreign key.';
COMMENT ON INDEX telephony.ix_call_attempts_campaign_id_outcome IS
  'Campaign report by outcome; covers the link foreign key.';
COMMENT ON INDEX telephony.ix_call_attempts_to_number_queued_at IS 'Attempts per day and week (compliance).';
COMMENT ON INDEX telephony.ix_call_attempts_queued_at IS 'Call list by time.';

-- Append-only provider events of a call, including DTMF.

CREATE TABLE IF NOT EXISTS telephony.call_events (
  organisation_id uuid NOT NULL DEFAULT iam.current_organisation_id(),
  id uuid NOT NULL DEFAULT iam.uuid_v7(),
  call_attempt_id uuid NOT NULL,
  event_type telephony.call_event_type NOT NULL,
  occurred_at timestamptz NOT NULL DEFAULT now(),
  provider_event_id text,
  dtmf_digits text,
  offset_ms integer,
  payload jsonb NOT NULL DEFAULT '{}'::jsonb,
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT pk_call_events PRIMARY KEY (organisation_id, id),
  CONSTRAINT ck_call_events_provider_event_id CHECK (length(provider_event_id) BETWEEN 1 AND 255),
  CONSTRAINT ck_call_events_dtmf_digits CHECK (dtmf_digits ~ '^[0-9A-D*#]{1,64}$'),
  CONSTRAINT ck_call_events_offset_ms CHECK (offset_ms >= 0),
  CONSTRAINT ck_call_events_payload CHECK (jsonb_typeof(payload) = 'object'),
  CONSTRAINT ck_call_events_dtmf CHECK ((event_type = 'dtmf') = (dtmf_digits IS NOT NULL)),
  CONSTRAINT fk_call_events_organisation_id
    FOREIGN KEY (organisation_id)
    REFERENCES iam.organisations (id)
    ON DELETE CASCADE,
  CONSTRAINT fk_call_events_call_attempt_id
    FOREIGN KEY (organisation_id, call_attempt_id)
    REFERENCES telephony.call_attempts (organisation_id, id)
    ON DELETE CASCADE
);

SELECT iam.make_tenant_table('telephony.call_events');
SELECT iam.grant_table('telephony.call_events', p_append_only => true);

CREATE UNIQUE INDEX IF NOT EXISTS uq_call_events_provider_event
  ON telephony.call_events (organisation_id, call_attempt_id, provider_event_id)
  WHERE provider_event_id IS NOT NULL;

CREATE INDEX IF NOT EXISTS ix_call_events_call_attempt_id_occurred_at
  ON telephony.call_events (organisation_id, call_attempt_id, occurred_at);

COMMENT ON TABLE telephony.call_events IS 'Append-only provider events of a call, including DTMF.';
COMMENT ON COLUMN telephony.call_events.organisation_id IS 'Tenant key.';
COMMENT ON COLUMN telephony.call_events.id IS 'Row id, unique inside the organisation.';
COMMENT ON COLUMN telephony.call_events.call_attempt_id IS 'Call.';
COMMENT ON COLUMN telephony.call_events.event_type IS 'Kind.';
COMMENT ON COLUMN telephony.call_events.occurred_at IS 'Time at the provider.';
COMMENT ON COLUMN telephony.call_events.provider_event_id IS 'Event id at the provider.';
COMMENT ON COLUMN telephony.call_events.dtmf_digits IS 'Pressed keys.';
COMMENT ON COLUMN telephony.call_events.offset_ms IS 'Milliseconds since answer.';
COMMENT ON COLUMN telephony.call_events.payload IS 'Raw event without secrets.';
COMMENT ON COLUMN telephony.call_events.created_at IS 'Creation time.';
COMMENT ON INDEX telephony.uq_call_events_provider_event IS 'The same provider event is stored once per call.';
COMMENT ON INDEX telephony.ix_call_events_call_attempt_id_occurred_at IS 'Event history of a call.';

-- Ordered pieces of a call transcript.

CREATE TABLE IF NOT EXISTS telephony.transcript_snippets (
  organisation_id uuid NOT NULL DEFAULT iam.current_organisation_id(),
  id uuid NOT NULL DEFAULT iam.uuid_v7(),
  call_attempt_id uuid NOT NULL,
  sequence_no integer NOT NULL,
  speaker telephony.speaker NOT NULL,
  transcript_text text NOT NULL,
  language iam.campaign_language NOT NULL DEFAULT 'en',
  start_offset_ms integer,
  end_offset_ms integer,
  confidence numeric(3, 2),
  is_redacted boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT pk_transcript_snippets PRIMARY KEY (organisation_id, id),
  CONSTRAINT uq_transcript_snippets_call_attempt_id_sequence_no UNIQUE (organisation_id, call_attempt_id, sequence_no),
  CONSTRAINT ck_transcript_snippets_sequence_no CHECK (sequence_no >= 1),
  CONSTRAINT ck_transcript_snippets_transcript_text CHECK (length(transcript_text) > 0),
  CONSTRAINT ck_transcript_snippets_start_offset_ms CHECK (start_offset_ms >= 0),
  CONSTRAINT ck_transcript_snippets_confidence CHECK (confidence BETWEEN 0 AND 1),
  CONSTRAINT ck_transcript_snippets_offsets CHECK (
    end_offset_ms IS NULL OR end_offset_ms >= start_offset_ms
  ),
  CONSTRAINT fk_transcript_snippets_organisation_id
    FOREIGN KEY (organisation_id)
    REFERENCES iam.organisations (id)
    ON DELETE CASCADE,
  CONSTRAINT fk_transcript_snippets_call_attempt_id
    FOREIGN KEY (organisation_id, call_attempt_id)
    REFERENCES telephony.call_attempts (organisation_id, id)
    ON DELETE CASCADE
);

SELECT iam.make_tenant_table('telephony.transcript_snippets');

CREATE INDEX IF NOT EXISTS ix_transcript_snippets_created_at
  ON telephony.transcript_snippets (organisation_id, created_at);

COMMENT ON TABLE telephony.transcript_snippets IS 'Ordered pieces of a call transcript.';
COMMENT ON COLUMN telephony.transcript_snippets.organisation_id IS 'Tenant key.';
COMMENT ON COLUMN telephony.transcript_snippets.id IS 'Row id, unique inside the organisation.';
COMMENT ON COLUMN telephony.transcript_snippets.call_attempt_id IS 'Call.';
COMMENT ON COLUMN telephony.transcript_snippets.sequence_no IS 'Order in the call.';
COMMENT ON COLUMN telephony.transcript_snippets.speaker IS 'Who spoke.';
COMMENT ON COLUMN telephony.transcript_snippets.transcript_text IS 'What was said.';
COMMENT ON COLUMN telephony.transcript_snippets.language IS 'Language.';
COMMENT ON COLUMN telephony.transcript_snippets.start_offset_ms IS 'Start since answer.';
COMMENT ON COLUMN telephony.transcript_snippets.end_offset_ms IS 'End since answer.';
COMMENT ON COLUMN telephony.transcript_snippets.confidence IS 'Recogniser confidence.';
COMMENT ON COLUMN telephony.transcript_snippets.is_redacted IS 'Personal data was removed.';
COMMENT ON COLUMN telephony.transcript_snippets.created_at IS 'Creation time.';
COMMENT ON INDEX telephony.ix_transcript_snippets_created_at IS 'Retention sweep.';

-- Incoming provider webhooks seen, for de-duplication.

CREATE TABLE IF NOT EXISTS telephony.webhook_receipts (
  organisation_id uuid NOT NULL DEFAULT iam.current_organisation_id(),
  provider_config_id uuid NOT NULL,
  provider_event_id text NOT NULL,
  received_at timestamptz NOT NULL DEFAULT now(),
  processed_at timestamptz,
  error_message text,
  payload jsonb NOT NULL DEFAULT '{}'::jsonb,
  CONSTRAINT pk_webhook_receipts PRIMARY KEY (organisation_id, provider_config_id, provider_event_id),
  CONSTRAINT ck_webhook_receipts_provider_event_id CHECK (
    length(provider_event_id) BETWEEN 1 AND 255
  ),
  CONSTRAINT ck_webhook_receipts_payload CHECK (jsonb_typeof(payload) = 'object'),
  CONSTRAINT fk_webhook_receipts_organisation_id
    FOREIGN KEY (organisation_id)
    REFERENCES iam.organisations (id)
    ON DELETE CASCADE,
  CONSTRAINT fk_webhook_receipts_provider_config_id
    FOREIGN KEY (organisation_id, provider_config_id)
    REFERENCES telephony.provider_configs (organisation_id, id)
    ON DELETE CASCADE
);

SELECT iam.make_tenant_table('telephony.webhook_receipts');

CREATE INDEX IF NOT EXISTS ix_webhook_receipts_open
  ON telephony.webhook_receipts (organisation_id, received_at)
  WHERE processed_at IS NULL;

CREATE INDEX IF NOT EXISTS ix_webhook_receipts_received_at
  ON telephony.webhook_receipts (organisation_id, received_at);

COMMENT ON TABLE telephony.webhook_receipts IS 'Incoming provider webhooks seen, for de-duplication.';
COMMENT ON COLUMN telephony.webhook_receipts.organisation_id IS 'Tenant key.';
COMMENT ON COLUMN telephony.webhook_receipts.provider_config_id IS 'Configuration the webhook came through.';
COMMENT ON COLUMN telephony.webhook_receipts.provider_event_id IS
  'Event id, or a digest of the body when the provider sends none.';
COMMENT ON COLUMN telephony.webhook_receipts.received_at IS 'Arrival.';
COMMENT ON COLUMN telephony.webhook_receipts.processed_at IS 'Handled.';
COMMENT ON COLUMN telephony.webhook_receipts.error_message IS 'Handling error.';
COMMENT ON COLUMN telephony.webhook_receipts.payload IS 'Raw body without secrets.';
COMMENT ON INDEX telephony.ix_webhook_receipts_open IS 'Unprocessed webhooks.';
COMMENT ON INDEX telephony.ix_webhook_receipts_received_at IS 'Retention sweep.';
