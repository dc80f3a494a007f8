-- notify: emails
--
-- Brings the email queue and the delivery callbacks.

SET LOCAL ROLE ${role_owner};
SET LOCAL search_path = pg_catalog;

-- Outgoing emails; a leased retry queue.

CREATE TABLE IF NOT EXISTS notify.email_notifications (
  organisation_id uuid NOT NULL DEFAULT iam.current_organisation_id(),
  id uuid NOT NULL DEFAULT iam.uuid_v7(),
  event_id uuid,
  contact_id uuid,
  campaign_id uuid,
  template_id uuid,
  message_template_id uuid,
  idempotency_key text NOT NULL,
  to_email iam.email NOT NULL,
  subject text,
  variables jsonb NOT NULL DEFAULT '{}'::jsonb,
  status notify.email_status NOT NULL DEFAULT 'pending',
  attempts smallint NOT NULL DEFAULT 0,
  max_attempts smallint NOT NULL DEFAULT 5,
  next_attempt_at timestamptz NOT NULL DEFAULT now(),
  locked_by text,
  locked_until timestamptz,
  provider_message_id text,
  error_code text,
  error_message text,
  sent_at timestamptz,
  delivered_at timestamptz,
  bounced_at timestamptz,
  complained_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT pk_email_notifications PRIMARY KEY (organisation_id, id),
  CONSTRAINT uq_email_notifications_idempotency_key UNIQUE (organisation_id, idempotency_key),
  CONSTRAINT ck_email_notifications_idempotency_key CHECK (
    length(idempotency_key) BETWEEN 1 AND 200
  ),
  CONSTRAINT ck_email_notifications_subject CHECK (length(subject) BETWEEN 1 AND 500),
  CONSTRAINT ck_email_notifications_variables CHECK (jsonb_typeof(variables) = 'object'),
  CONSTRAINT ck_email_notifications_attempts CHECK (attempts >= 0),
  CONSTRAINT ck_email_notifications_max_attempts CHECK (max_attempts BETWEEN 1 AND 20),
  CONSTRAINT ck_email_notifications_provider_message_id CHECK (
    length(provider_message_id) BETWEEN 1 AND 255
  ),
  CONSTRAINT ck_email_notifications_lock_pair CHECK ((locked_by IS NULL) = (locked_until IS NULL)),
  CONSTRAINT ck_email_notifications_sent CHECK (status <> 'sent' OR sent_at IS NOT NULL),
  CONSTRAINT ck_email_notifications_one_template CHECK (
    num_nonnulls(template_id, message_template_id) <= 1
  ),
  CONSTRAINT fk_email_notifications_organisation_id
    FOREIGN KEY (organisation_id)
    REFERENCES iam.organisations (id)
    ON DELETE CASCADE,
  CONSTRAINT fk_email_notifications_template_id
    FOREIGN KEY (organisation_id, template_id)
    REFERENCES notify.email_templates (organisation_id, id)
    ON DELETE NO ACTION,
  CONSTRAINT fk_email_notifications_message_template_id
    FOREIGN KEY (organisation_id, message_template_id)
    REFERENCES notify.message_templates (organisation_id, id)
    ON DELETE NO ACTION
);

SELECT iam.make_tenant_table('notify.email_notifications');

CREATE UNIQUE INDEX IF NOT EXISTS uq_email_notifications_provider_message
  ON notify.email_notifications (organisation_id, provider_message_id)
  WHERE provider_message_id IS NOT NULL;

CREATE INDEX IF NOT EXISTS ix_email_notifications_queue
  ON notify.email_notifications (next_attempt_at)
  WHERE status = 'pending';

CREATE INDEX IF NOT EXISTS ix_email_notifications_campaign_id_status
  ON notify.email_notifications (organisation_id, campaign_id, status)
  WHERE campaign_id IS NOT NULL;

CREATE INDEX IF NOT EXISTS ix_email_notifications_contact_id
  ON notify.email_notifications (organisation_id, contact_id)
  WHERE contact_id IS NOT NULL;

CREATE INDEX IF NOT EXISTS ix_email_notifications_event_id
  ON notify.email_notifications (organisation_id, event_id)
  WHERE event_id IS NOT NULL;

CREATE INDEX IF NOT EXISTS ix_email_notifications_template_id
  ON notify.email_notifications (organisation_id, template_id)
  WHERE template_id IS NOT NULL;

CREATE INDEX IF NOT EXISTS ix_email_notifications_message_template_id
  ON notify.email_notifications (organisation_id, message_template_id)
  WHERE message_template_id IS NOT NULL;

CREATE INDEX IF NOT EXISTS ix_email_notifications_to_email_created_at
  ON notify.email_notifications (organisation_id, to_email, created_at);

COMMENT ON TABLE notify.email_notifications IS 'Outgoing emails; a leased retry queue.';
COMMENT ON COLUMN notify.email_notifications.organisation_id IS 'Tenant key.';
COMMENT ON COLUMN notify.email_notifications.id IS 'Row id, unique inside the organisation.';
COMMENT ON COLUMN notify.email_notifications.event_id IS 'survey.events row; foreign key added by survey_notify.';
COMMENT ON COLUMN notify.email_notifications.contact_id IS 'survey.contacts row; foreign key added by survey_notify.';
COMMENT ON COLUMN notify.email_notifications.campaign_id IS
  'survey.campaigns row; foreign key added by survey_notify.';
COMMENT ON COLUMN notify.email_notifications.template_id IS 'Survey result template.';
COMMENT ON COLUMN notify.email_notifications.message_template_id IS 'Generic template.';
COMMENT ON COLUMN notify.email_notifications.idempotency_key IS 'Producer key, e.g. event id and template type.';
COMMENT ON COLUMN notify.email_notifications.to_email IS 'Recipient.';
COMMENT ON COLUMN notify.email_notifications.subject IS 'Rendered subject.';
COMMENT ON COLUMN notify.email_notifications.variables IS 'Values for the placeholders.';
COMMENT ON COLUMN notify.email_notifications.status IS 'Delivery state.';
COMMENT ON COLUMN notify.email_notifications.attempts IS 'Send attempts.';
COMMENT ON COLUMN notify.email_notifications.max_attempts IS 'Attempts allowed.';
COMMENT ON COLUMN notify.email_notifications.next_attempt_at IS 'Earliest next attempt.';
COMMENT ON COLUMN notify.email_notifications.locked_by IS 'Sender holding the lease.';
COMMENT ON COLUMN notify.email_notifications.locked_until IS 'End of the lease.';
COMMENT ON COLUMN notify.email_notifications.provider_message_id IS 'Id at the mail provider.';
COMMENT ON COLUMN notify.email_notifications.error_code IS
  'Latest error code; suppressed when an opt-out stopped it.';
COMMENT ON COLUMN notify.email_notifications.error_message IS 'Latest error text.';
COMMENT ON COLUMN notify.email_notifications.sent_at IS 'Accepted by the provider.';
COMMENT ON COLUMN notify.email_notifications.delivered_at IS 'Delivered.';
COMMENT ON COLUMN notify.email_notifications.bounced_at IS 'Bounced.';
COMMENT ON COLUMN notify.email_notifications.complained_at IS 'Reported as spam.';
COMMENT ON COLUMN notify.email_notifications.created_at IS 'Creation time.';
COMMENT ON COLUMN notify.email_notifications.updated_at IS 'Latest change, kept by trigger.';
COMMENT ON INDEX notify.uq_email_notifications_provider_message IS 'Finds the email of a provider callback.';
COMMENT ON INDEX notify.ix_email_notifications_queue IS
  'tenancy: exception - the sender claims over all tenants; holds open rows only.';
COMMENT ON INDEX notify.ix_email_notifications_campaign_id_status IS 'Campaign report; covers the link foreign key.';
COMMENT ON INDEX notify.ix_email_notifications_contact_id IS 'Emails of a contact; covers the link foreign key.';
COMMENT ON INDEX notify.ix_email_notifications_event_id IS 'Emails of an event; covers the link foreign key.';
COMMENT ON INDEX notify.ix_email_notifications_template_id IS 'Covers the foreign key.';
COMMENT ON INDEX notify.ix_email_notifications_message_template_id IS 'Covers the foreign key.';
COMMENT ON INDEX notify.ix_email_notifications_to_email_created_at IS 'Emails to an address.';

-- Append-only delivery callbacks of the mail provider.

CREATE TABLE IF NOT EXISTS notify.delivery_events (
  organisation_id uuid NOT NULL DEFAULT iam.current_organisation_id(),
  id uuid NOT NULL DEFAULT iam.uuid_v7(),
  email_notification_id uuid NOT NULL,
  event_type notify.delivery_event_type NOT NULL,
  bounce_type notify.bounce_type,
  provider_event_id text NOT NULL,
  occurred_at timestamptz NOT NULL DEFAULT now(),
  payload jsonb NOT NULL DEFAULT '{}'::jsonb,
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT pk_delivery_events PRIMARY KEY (organisation_id, id),
  CONSTRAINT uq_delivery_events_provider_event_id UNIQUE (organisation_id, provider_event_id),
  CONSTRAINT ck_delivery_events_provider_event_id CHECK (
    length(provider_event_id) BETWEEN 1 AND 255
  ),
  CONSTRAINT ck_delivery_events_payload CHECK (jsonb_typeof(payload) = 'object'),
  CONSTRAINT ck_delivery_events_bounce CHECK ((event_type = 'bounced') = (bounce_type IS NOT NULL)),
  CONSTRAINT fk_delivery_events_organisation_id
    FOREIGN KEY (organisation_id)
    REFERENCES iam.organisations (id)
    ON DELETE CASCADE,
  CONSTRAINT fk_delivery_events_email_notification_id
    FOREIGN KEY (organisation_id, email_notification_id)
    REFERENCES notify.email_notifications (organisation_id, id)
    ON DELETE CASCADE
);

SELECT iam.make_tenant_table('notify.delivery_events');
SELECT iam.grant_table('notify.delivery_events', p_append_only => true);

CREATE INDEX IF NOT EXISTS ix_delivery_events_email_notification_id_occurred_at
  ON notify.delivery_events (organisation_id, email_notification_id, occurred_at);

COMMENT ON TABLE notify.delivery_events IS 'Append-only delivery callbacks of the mail provider.';
COMMENT ON COLUMN notify.delivery_events.organisation_id IS 'Tenant key.';
COMMENT ON COLUMN notify.delivery_events.id IS 'Row id, unique inside the organisation.';
COMMENT ON COLUMN notify.delivery_events.email_notification_id IS 'Email.';
COMMENT ON COLUMN notify.delivery_events.event_type IS 'Kind.';
COMMENT ON COLUMN notify.delivery_events.bounce_type IS 'Bounce class.';
COMMENT ON COLUMN notify.delivery_events.provider_event_id IS 'Event id at the provider, or a digest of the body.';
COMMENT ON COLUMN notify.delivery_events.occurred_at IS 'Time at the provider.';
COMMENT ON COLUMN notify.delivery_events.payload IS 'Raw event.';
COMMENT ON COLUMN notify.delivery_events.created_at IS 'Creation time.';
COMMENT ON INDEX notify.ix_delivery_events_email_notification_id_occurred_at IS 'Delivery history of an email.';
