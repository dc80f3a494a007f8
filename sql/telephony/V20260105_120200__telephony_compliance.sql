-- telephony: compliance
--
-- Brings the do-not-call list and the calling rules.

SET LOCAL ROLE ${role_owner};
SET LOCAL search_path = pg_catalog;

-- Do-not-call list.

CREATE TABLE IF NOT EXISTS telephony.exclusion_list_entries (
  organisation_id uuid NOT NULL DEFAULT iam.current_organisation_id(),
  id uuid NOT NULL DEFAULT iam.uuid_v7(),
  phone_number iam.e164 NOT NULL,
  reason text,
  source telephony.exclusion_source NOT NULL DEFAULT 'manual',
  expires_at timestamptz,
  created_by_user_id uuid,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT pk_exclusion_list_entries PRIMARY KEY (organisation_id, id),
  CONSTRAINT uq_exclusion_list_entries_phone_number UNIQUE (organisation_id, phone_number),
  CONSTRAINT fk_exclusion_list_entries_organisation_id
    FOREIGN KEY (organisation_id)
    REFERENCES iam.organisations (id)
    ON DELETE CASCADE,
  CONSTRAINT fk_exclusion_list_entries_created_by_user_id
    FOREIGN KEY (organisation_id, created_by_user_id)
    REFERENCES iam.organisation_users (organisation_id, user_id)
    ON DELETE NO ACTION
);

SELECT iam.make_tenant_table('telephony.exclusion_list_entries');

CREATE INDEX IF NOT EXISTS ix_exclusion_list_entries_created_by_user_id
  ON telephony.exclusion_list_entries (organisation_id, created_by_user_id)
  WHERE created_by_user_id IS NOT NULL;

CREATE INDEX IF NOT EXISTS ix_exclusion_list_entries_expires_at
  ON telephony.exclusion_list_entries (organisation_id, expires_at)
  WHERE expires_at IS NOT NULL;

COMMENT ON TABLE telephony.exclusion_list_entries IS 'Do-not-call list.';
COMMENT ON COLUMN telephony.exclusion_list_entries.organisation_id IS 'Tenant key.';
COMMENT ON COLUMN telephony.exclusion_list_entries.id IS 'Row id, unique inside the organisation.';
COMMENT ON COLUMN telephony.exclusion_list_entries.phone_number IS 'Number that must not be called.';
COMMENT ON COLUMN telephony.exclusion_list_entries.reason IS 'Why.';
COMMENT ON COLUMN telephony.exclusion_list_entries.source IS 'Origin of the entry.';
COMMENT ON COLUMN telephony.exclusion_list_entries.expires_at IS 'End of the exclusion; null is permanent.';
COMMENT ON COLUMN telephony.exclusion_list_entries.created_by_user_id IS 'Member who added it.';
COMMENT ON COLUMN telephony.exclusion_list_entries.created_at IS 'Creation time.';
COMMENT ON COLUMN telephony.exclusion_list_entries.updated_at IS 'Latest change, kept by trigger.';
COMMENT ON INDEX telephony.ix_exclusion_list_entries_created_by_user_id IS 'Covers the foreign key.';
COMMENT ON INDEX telephony.ix_exclusion_list_entries_expires_at IS 'Expiry sweep.';

-- Calling windows and frequency limits by country and channel.

CREATE TABLE IF NOT EXISTS telephony.compliance_rules (
  organisation_id uuid NOT NULL DEFAULT iam.current_organisation_id(),
  id uuid NOT NULL DEFAULT iam.uuid_v7(),
  name text NOT NULL,
  country_code text,
  channel iam.contact_channel NOT NULL DEFAULT 'phone',
  allowed_weekdays smallint[] NOT NULL DEFAULT '{1,2,3,4,5,6}',
  window_start_local time NOT NULL DEFAULT '09:00',
  window_end_local time NOT NULL DEFAULT '20:00',
  max_attempts_per_day smallint,
  max_attempts_per_week smallint,
  min_gap_minutes integer,
  requires_consent boolean NOT NULL DEFAULT true,
  valid_from date NOT NULL DEFAULT CURRENT_DATE,
  valid_to date,
  is_active boolean NOT NULL DEFAULT true,
  parameters jsonb NOT NULL DEFAULT '{}'::jsonb,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT pk_compliance_rules PRIMARY KEY (organisation_id, id),
  CONSTRAINT uq_compliance_rules_name UNIQUE (organisation_id, name),
  CONSTRAINT ck_compliance_rules_name CHECK (length(name) BETWEEN 1 AND 200),
  CONSTRAINT ck_compliance_rules_country_code CHECK (country_code ~ '^[A-Z]{2}$'),
  CONSTRAINT ck_compliance_rules_channel CHECK (channel <> 'any'),
  CONSTRAINT ck_compliance_rules_allowed_weekdays CHECK (
    allowed_weekdays <@ '{1,2,3,4,5,6,7}'::smallint[] AND cardinality(allowed_weekdays) > 0
  ),
  CONSTRAINT ck_compliance_rules_max_attempts_per_day CHECK (max_attempts_per_day >= 1),
  CONSTRAINT ck_compliance_rules_max_attempts_per_week CHECK (max_attempts_per_week >= 1),
  CONSTRAINT ck_compliance_rules_min_gap_minutes CHECK (min_gap_minutes >= 0),
  CONSTRAINT ck_compliance_rules_parameters CHECK (jsonb_typeof(parameters) = 'object'),
  CONSTRAINT ck_compliance_rules_window CHECK (window_start_local < window_end_local),
  CONSTRAINT ck_compliance_rules_validity CHECK (valid_to IS NULL OR valid_to >= valid_from),
  CONSTRAINT fk_compliance_rules_organisation_id
    FOREIGN KEY (organisation_id)
    REFERENCES iam.organisations (id)
    ON DELETE CASCADE
);

SELECT iam.make_tenant_table('telephony.compliance_rules');

CREATE INDEX IF NOT EXISTS ix_compliance_rules_channel_country_code
  ON telephony.compliance_rules (organisation_id, channel, country_code)
  WHERE is_active;

COMMENT ON TABLE telephony.compliance_rules IS 'Calling windows and frequency limits by country and channel.';
COMMENT ON COLUMN telephony.compliance_rules.organisation_id IS 'Tenant key.';
COMMENT ON COLUMN telephony.compliance_rules.id IS 'Row id, unique inside the organisation.';
COMMENT ON COLUMN telephony.compliance_rules.name IS 'Rule name.';
COMMENT ON COLUMN telephony.compliance_rules.country_code IS 'Country; null is the fallback rule.';
COMMENT ON COLUMN telephony.compliance_rules.channel IS 'Channel the rule governs.';
COMMENT ON COLUMN telephony.compliance_rules.allowed_weekdays IS 'ISO weekdays, Monday is 1.';
COMMENT ON COLUMN telephony.compliance_rules.window_start_local IS 'Start, local time of the person contacted.';
COMMENT ON COLUMN telephony.compliance_rules.window_end_local IS 'End, exclusive.';
COMMENT ON COLUMN telephony.compliance_rules.max_attempts_per_day IS 'Limit per person and day.';
COMMENT ON COLUMN telephony.compliance_rules.max_attempts_per_week IS 'Limit per person and rolling 7 days.';
COMMENT ON COLUMN telephony.compliance_rules.min_gap_minutes IS 'Minimum gap between attempts.';
COMMENT ON COLUMN telephony.compliance_rules.requires_consent IS 'Prior consent needed.';
COMMENT ON COLUMN telephony.compliance_rules.valid_from IS 'First day.';
COMMENT ON COLUMN telephony.compliance_rules.valid_to IS 'Last day.';
COMMENT ON COLUMN telephony.compliance_rules.is_active IS 'In force.';
COMMENT ON COLUMN telephony.compliance_rules.parameters IS 'Further parameters.';
COMMENT ON COLUMN telephony.compliance_rules.created_at IS 'Creation time.';
COMMENT ON COLUMN telephony.compliance_rules.updated_at IS 'Latest change, kept by trigger.';
COMMENT ON INDEX telephony.ix_compliance_rules_channel_country_code IS 'Rule lookup before contacting.';
