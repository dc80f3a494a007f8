-- survey: contacts
--
-- Brings the people to be called, with proof of consent, retry plan and lease.

SET LOCAL ROLE ${role_owner};
SET LOCAL search_path = pg_catalog;

-- People to be called in a campaign.

CREATE TABLE IF NOT EXISTS survey.contacts (
  organisation_id uuid NOT NULL DEFAULT iam.current_organisation_id(),
  id uuid NOT NULL DEFAULT iam.uuid_v7(),
  campaign_id uuid NOT NULL,
  external_contact_id text,
  phone_number iam.e164 NOT NULL,
  email iam.email,
  full_name text,
  preferred_language survey.contact_language NOT NULL DEFAULT 'auto',
  timezone text,
  country_code text,
  has_prior_consent boolean NOT NULL DEFAULT false,
  consent_source survey.consent_source,
  consent_at timestamptz,
  consent_evidence jsonb NOT NULL DEFAULT '{}'::jsonb,
  do_not_call boolean NOT NULL DEFAULT false,
  state survey.contact_state NOT NULL DEFAULT 'pending',
  attempts_count smallint NOT NULL DEFAULT 0,
  last_attempt_at timestamptz,
  last_outcome iam.contact_outcome,
  next_attempt_at timestamptz NOT NULL DEFAULT now(),
  locked_by text,
  locked_until timestamptz,
  attributes jsonb NOT NULL DEFAULT '{}'::jsonb,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT pk_contacts PRIMARY KEY (organisation_id, id),
  CONSTRAINT uq_contacts_campaign_id_phone_number UNIQUE (organisation_id, campaign_id, phone_number),
  CONSTRAINT uq_contacts_campaign_id_external_contact_id UNIQUE (organisation_id, campaign_id, external_contact_id),
  CONSTRAINT uq_contacts_campaign_id_id UNIQUE (organisation_id, campaign_id, id),
  CONSTRAINT ck_contacts_external_contact_id CHECK (length(external_contact_id) BETWEEN 1 AND 255),
  CONSTRAINT ck_contacts_full_name CHECK (length(full_name) BETWEEN 1 AND 255),
  CONSTRAINT ck_contacts_timezone CHECK (timezone IS NULL OR iam.is_timezone(timezone)),
  CONSTRAINT ck_contacts_country_code CHECK (country_code ~ '^[A-Z]{2}$'),
  CONSTRAINT ck_contacts_consent_evidence CHECK (jsonb_typeof(consent_evidence) = 'object'),
  CONSTRAINT ck_contacts_attempts_count CHECK (attempts_count BETWEEN 0 AND 50),
  CONSTRAINT ck_contacts_attributes CHECK (jsonb_typeof(attributes) = 'object'),
  CONSTRAINT ck_contacts_lock_pair CHECK ((locked_by IS NULL) = (locked_until IS NULL)),
  CONSTRAINT ck_contacts_dnc_state CHECK (NOT (do_not_call AND state IN ('pending', 'in_progress'))),
  CONSTRAINT ck_contacts_consent_proof CHECK (NOT has_prior_consent OR consent_source IS NOT NULL),
  CONSTRAINT fk_contacts_organisation_id
    FOREIGN KEY (organisation_id)
    REFERENCES iam.organisations (id)
    ON DELETE CASCADE,
  CONSTRAINT fk_contacts_campaign_id
    FOREIGN KEY (organisation_id, campaign_id)
    REFERENCES survey.campaigns (organisation_id, id)
    ON DELETE CASCADE
);

SELECT iam.make_tenant_table('survey.contacts');

CREATE INDEX IF NOT EXISTS ix_contacts_due
  ON survey.contacts (organisation_id, campaign_id, next_attempt_at)
  WHERE state = 'pending';

CREATE INDEX IF NOT EXISTS ix_contacts_lease
  ON survey.contacts (organisation_id, locked_until)
  WHERE state = 'in_progress';

CREATE INDEX IF NOT EXISTS ix_contacts_campaign_id_state
  ON survey.contacts (organisation_id, campaign_id, state);

CREATE INDEX IF NOT EXISTS ix_contacts_phone_number
  ON survey.contacts (organisation_id, phone_number);

CREATE INDEX IF NOT EXISTS ix_contacts_email
  ON survey.contacts (organisation_id, email)
  WHERE email IS NOT NULL;

COMMENT ON TABLE survey.contacts IS 'People to be called in a campaign.';
COMMENT ON COLUMN survey.contacts.organisation_id IS 'Tenant key.';
COMMENT ON COLUMN survey.contacts.id IS 'Row id, unique inside the organisation.';
COMMENT ON COLUMN survey.contacts.campaign_id IS 'Campaign.';
COMMENT ON COLUMN survey.contacts.external_contact_id IS 'Id in the importing system.';
COMMENT ON COLUMN survey.contacts.phone_number IS 'Number to dial.';
COMMENT ON COLUMN survey.contacts.email IS 'Address for the result email.';
COMMENT ON COLUMN survey.contacts.full_name IS 'Name used in greetings and templates.';
COMMENT ON COLUMN survey.contacts.preferred_language IS 'Preferred language.';
COMMENT ON COLUMN survey.contacts.timezone IS 'IANA zone of the contact.';
COMMENT ON COLUMN survey.contacts.country_code IS 'Country used for compliance rules.';
COMMENT ON COLUMN survey.contacts.has_prior_consent IS 'Prior consent to be called exists.';
COMMENT ON COLUMN survey.contacts.consent_source IS 'How consent was obtained.';
COMMENT ON COLUMN survey.contacts.consent_at IS 'When consent was obtained.';
COMMENT ON COLUMN survey.contacts.consent_evidence IS 'Proof of consent (document id, wording version, ip).';
COMMENT ON COLUMN survey.contacts.do_not_call IS 'Must never be called.';
COMMENT ON COLUMN survey.contacts.state IS 'State in the campaign.';
COMMENT ON COLUMN survey.contacts.attempts_count IS 'Attempts made so far.';
COMMENT ON COLUMN survey.contacts.last_attempt_at IS 'Time of the latest attempt.';
COMMENT ON COLUMN survey.contacts.last_outcome IS 'Outcome of the latest attempt.';
COMMENT ON COLUMN survey.contacts.next_attempt_at IS 'Earliest time of the next attempt.';
COMMENT ON COLUMN survey.contacts.locked_by IS 'Worker holding the lease.';
COMMENT ON COLUMN survey.contacts.locked_until IS 'End of the lease.';
COMMENT ON COLUMN survey.contacts.attributes IS 'Imported attributes.';
COMMENT ON COLUMN survey.contacts.created_at IS 'Creation time.';
COMMENT ON COLUMN survey.contacts.updated_at IS 'Latest change, kept by trigger.';
COMMENT ON INDEX survey.ix_contacts_due IS 'Scheduler picks due contacts with SKIP LOCKED.';
COMMENT ON INDEX survey.ix_contacts_lease IS 'Finds expired leases.';
COMMENT ON INDEX survey.ix_contacts_campaign_id_state IS 'Campaign report by state.';
COMMENT ON INDEX survey.ix_contacts_phone_number IS 'Finds a person by number; exclusion sweep.';
COMMENT ON INDEX survey.ix_contacts_email IS 'Finds a person by email.';
