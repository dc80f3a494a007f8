-- survey: campaigns
--
-- Brings campaigns and their questions. Columns that point to telephony and notify get their foreign keys from the link
-- modules.

SET LOCAL ROLE ${role_owner};
SET LOCAL search_path = pg_catalog;

-- Voice survey campaigns.

CREATE TABLE IF NOT EXISTS survey.campaigns (
  organisation_id uuid NOT NULL DEFAULT iam.current_organisation_id(),
  id uuid NOT NULL DEFAULT iam.uuid_v7(),
  name text NOT NULL,
  description text,
  status survey.campaign_status NOT NULL DEFAULT 'draft',
  language iam.campaign_language NOT NULL DEFAULT 'en',
  intro_script text NOT NULL,
  outro_script text,
  max_attempts smallint NOT NULL DEFAULT 3,
  retry_interval_minutes integer NOT NULL DEFAULT 60,
  timezone text NOT NULL DEFAULT 'UTC',
  allowed_call_start_local time NOT NULL DEFAULT '09:00',
  allowed_call_end_local time NOT NULL DEFAULT '20:00',
  starts_at timestamptz,
  ends_at timestamptz,
  require_prior_consent boolean NOT NULL DEFAULT true,
  provider_config_id uuid,
  email_completed_template_id uuid,
  email_refused_template_id uuid,
  email_not_reached_template_id uuid,
  created_by_user_id uuid,
  settings jsonb NOT NULL DEFAULT '{}'::jsonb,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT pk_campaigns PRIMARY KEY (organisation_id, id),
  CONSTRAINT ck_campaigns_name CHECK (length(name) BETWEEN 1 AND 255),
  CONSTRAINT ck_campaigns_intro_script CHECK (length(intro_script) > 0),
  CONSTRAINT ck_campaigns_max_attempts CHECK (max_attempts BETWEEN 1 AND 5),
  CONSTRAINT ck_campaigns_retry_interval_minutes CHECK (retry_interval_minutes >= 1),
  CONSTRAINT ck_campaigns_timezone CHECK (iam.is_timezone(timezone)),
  CONSTRAINT ck_campaigns_settings CHECK (jsonb_typeof(settings) = 'object'),
  CONSTRAINT ck_campaigns_call_window CHECK (allowed_call_start_local < allowed_call_end_local),
  CONSTRAINT ck_campaigns_schedule CHECK (
    ends_at IS NULL OR starts_at IS NULL OR starts_at < ends_at
  ),
  CONSTRAINT ck_campaigns_scheduled_start CHECK (status <> 'scheduled' OR starts_at IS NOT NULL),
  CONSTRAINT fk_campaigns_organisation_id
    FOREIGN KEY (organisation_id)
    REFERENCES iam.organisations (id)
    ON DELETE CASCADE,
  CONSTRAINT fk_campaigns_created_by_user_id
    FOREIGN KEY (organisation_id, created_by_user_id)
    REFERENCES iam.organisation_users (organisation_id, user_id)
    ON DELETE NO ACTION
);

SELECT iam.make_tenant_table('survey.campaigns');

CREATE UNIQUE INDEX IF NOT EXISTS uq_campaigns_name
  ON survey.campaigns (organisation_id, name)
  WHERE status <> 'cancelled';

CREATE INDEX IF NOT EXISTS ix_campaigns_status_starts_at
  ON survey.campaigns (organisation_id, status, starts_at);

CREATE INDEX IF NOT EXISTS ix_campaigns_created_by_user_id
  ON survey.campaigns (organisation_id, created_by_user_id);

CREATE INDEX IF NOT EXISTS ix_campaigns_provider_config_id
  ON survey.campaigns (organisation_id, provider_config_id)
  WHERE provider_config_id IS NOT NULL;

CREATE INDEX IF NOT EXISTS ix_campaigns_email_completed_template_id
  ON survey.campaigns (organisation_id, email_completed_template_id)
  WHERE email_completed_template_id IS NOT NULL;

CREATE INDEX IF NOT EXISTS ix_campaigns_email_refused_template_id
  ON survey.campaigns (organisation_id, email_refused_template_id)
  WHERE email_refused_template_id IS NOT NULL;

CREATE INDEX IF NOT EXISTS ix_campaigns_email_not_reached_template_id
  ON survey.campaigns (organisation_id, email_not_reached_template_id)
  WHERE email_not_reached_template_id IS NOT NULL;

COMMENT ON TABLE survey.campaigns IS 'Voice survey campaigns.';
COMMENT ON COLUMN survey.campaigns.organisation_id IS 'Tenant key.';
COMMENT ON COLUMN survey.campaigns.id IS 'Row id, unique inside the organisation.';
COMMENT ON COLUMN survey.campaigns.name IS 'Campaign name.';
COMMENT ON COLUMN survey.campaigns.description IS 'Free description.';
COMMENT ON COLUMN survey.campaigns.status IS 'Lifecycle state.';
COMMENT ON COLUMN survey.campaigns.language IS 'Language of the script.';
COMMENT ON COLUMN survey.campaigns.intro_script IS 'Spoken introduction including the consent question.';
COMMENT ON COLUMN survey.campaigns.outro_script IS 'Spoken closing.';
COMMENT ON COLUMN survey.campaigns.max_attempts IS 'Call attempts per contact.';
COMMENT ON COLUMN survey.campaigns.retry_interval_minutes IS 'Minimum minutes between attempts.';
COMMENT ON COLUMN survey.campaigns.timezone IS 'Zone of the call window when the contact has none.';
COMMENT ON COLUMN survey.campaigns.allowed_call_start_local IS 'Start of the daily call window, local time.';
COMMENT ON COLUMN survey.campaigns.allowed_call_end_local IS 'End (exclusive) of the daily call window.';
COMMENT ON COLUMN survey.campaigns.starts_at IS 'Scheduled start.';
COMMENT ON COLUMN survey.campaigns.ends_at IS 'Scheduled end.';
COMMENT ON COLUMN survey.campaigns.require_prior_consent IS 'Only contacts with prior consent may be called.';
COMMENT ON COLUMN survey.campaigns.provider_config_id IS
  'telephony.provider_configs row; foreign key added by the survey_telephony link module.';
COMMENT ON COLUMN survey.campaigns.email_completed_template_id IS
  'notify.email_templates row for completed; foreign key added by survey_notify.';
COMMENT ON COLUMN survey.campaigns.email_refused_template_id IS
  'notify.email_templates row for refused; foreign key added by survey_notify.';
COMMENT ON COLUMN survey.campaigns.email_not_reached_template_id IS
  'notify.email_templates row for not_reached; foreign key added by survey_notify.';
COMMENT ON COLUMN survey.campaigns.created_by_user_id IS 'Creating member.';
COMMENT ON COLUMN survey.campaigns.settings IS 'Extra settings.';
COMMENT ON COLUMN survey.campaigns.created_at IS 'Creation time.';
COMMENT ON COLUMN survey.campaigns.updated_at IS 'Latest change, kept by trigger.';
COMMENT ON INDEX survey.uq_campaigns_name IS 'Campaign names are unique while not cancelled.';
COMMENT ON INDEX survey.ix_campaigns_status_starts_at IS 'Campaign list by state; scheduler start.';
COMMENT ON INDEX survey.ix_campaigns_created_by_user_id IS 'Covers the foreign key.';
COMMENT ON INDEX survey.ix_campaigns_provider_config_id IS 'Covers the link foreign key.';
COMMENT ON INDEX survey.ix_campaigns_email_completed_template_id IS 'Covers the link foreign key.';
COMMENT ON INDEX survey.ix_campaigns_email_refused_template_id IS 'Covers the link foreign key.';
COMMENT ON INDEX survey.ix_campaigns_email_not_reached_template_id IS 'Covers the link foreign key.';

-- Ordered questions of a campaign (the core product uses positions 1 to 3).

CREATE TABLE IF NOT EXISTS survey.campaign_questions (
  organisation_id uuid NOT NULL DEFAULT iam.current_organisation_id(),
  id uuid NOT NULL DEFAULT iam.uuid_v7(),
  campaign_id uuid NOT NULL,
  position smallint NOT NULL,
  text text NOT NULL,
  type survey.question_type NOT NULL,
  is_required boolean NOT NULL DEFAULT true,
  scale_min smallint,
  scale_max smallint,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT pk_campaign_questions PRIMARY KEY (organisation_id, id),
  CONSTRAINT uq_campaign_questions_campaign_id_position UNIQUE (organisation_id, campaign_id, position),
  CONSTRAINT ck_campaign_questions_position CHECK (position BETWEEN 1 AND 20),
  CONSTRAINT ck_campaign_questions_text CHECK (length(text) > 0),
  CONSTRAINT ck_campaign_questions_scale_bounds CHECK (
    CASE
      WHEN type = 'scale'
        THEN scale_min IS NOT NULL AND scale_max IS NOT NULL AND scale_min < scale_max
      ELSE scale_min IS NULL AND scale_max IS NULL
    END
  ),
  CONSTRAINT fk_campaign_questions_organisation_id
    FOREIGN KEY (organisation_id)
    REFERENCES iam.organisations (id)
    ON DELETE CASCADE,
  CONSTRAINT fk_campaign_questions_campaign_id
    FOREIGN KEY (organisation_id, campaign_id)
    REFERENCES survey.campaigns (organisation_id, id)
    ON DELETE CASCADE
);

SELECT iam.make_tenant_table('survey.campaign_questions');

COMMENT ON TABLE survey.campaign_questions IS
  'Ordered questions of a campaign (the core product uses positions 1 to 3).';
COMMENT ON COLUMN survey.campaign_questions.organisation_id IS 'Tenant key.';
COMMENT ON COLUMN survey.campaign_questions.id IS 'Row id, unique inside the organisation.';
COMMENT ON COLUMN survey.campaign_questions.campaign_id IS 'Campaign.';
COMMENT ON COLUMN survey.campaign_questions.position IS 'Order in the script, from 1.';
COMMENT ON COLUMN survey.campaign_questions.text IS 'Question as spoken.';
COMMENT ON COLUMN survey.campaign_questions.type IS 'Answer kind.';
COMMENT ON COLUMN survey.campaign_questions.is_required IS 'Survey is complete only when answered.';
COMMENT ON COLUMN survey.campaign_questions.scale_min IS 'Lowest value, scale only.';
COMMENT ON COLUMN survey.campaign_questions.scale_max IS 'Highest value, scale only.';
COMMENT ON COLUMN survey.campaign_questions.created_at IS 'Creation time.';
COMMENT ON COLUMN survey.campaign_questions.updated_at IS 'Latest change, kept by trigger.';
