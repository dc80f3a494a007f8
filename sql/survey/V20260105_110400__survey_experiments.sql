-- survey: experiments
--
-- Brings prompts and A/B experiments on campaign scripts.

SET LOCAL ROLE ${role_owner};
SET LOCAL search_path = pg_catalog;

-- Versioned prompts for the voice agent.

CREATE TABLE IF NOT EXISTS survey.prompts (
  organisation_id uuid NOT NULL DEFAULT iam.current_organisation_id(),
  id uuid NOT NULL DEFAULT iam.uuid_v7(),
  key text NOT NULL,
  version integer NOT NULL,
  purpose text NOT NULL,
  language iam.campaign_language NOT NULL DEFAULT 'en',
  body text NOT NULL,
  is_active boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT pk_prompts PRIMARY KEY (organisation_id, id),
  CONSTRAINT uq_prompts_key_language_version UNIQUE (organisation_id, key, language, version),
  CONSTRAINT ck_prompts_key CHECK (key ~ '^[a-z][a-z0-9_.-]{0,99}$'),
  CONSTRAINT ck_prompts_version CHECK (version >= 1),
  CONSTRAINT ck_prompts_purpose CHECK (length(purpose) BETWEEN 1 AND 100),
  CONSTRAINT ck_prompts_body CHECK (length(body) > 0),
  CONSTRAINT fk_prompts_organisation_id
    FOREIGN KEY (organisation_id)
    REFERENCES iam.organisations (id)
    ON DELETE CASCADE
);

SELECT iam.make_tenant_table('survey.prompts');

CREATE UNIQUE INDEX IF NOT EXISTS uq_prompts_active
  ON survey.prompts (organisation_id, key, language)
  WHERE is_active;

COMMENT ON TABLE survey.prompts IS 'Versioned prompts for the voice agent.';
COMMENT ON COLUMN survey.prompts.organisation_id IS 'Tenant key.';
COMMENT ON COLUMN survey.prompts.id IS 'Row id, unique inside the organisation.';
COMMENT ON COLUMN survey.prompts.key IS 'Stable name of the prompt.';
COMMENT ON COLUMN survey.prompts.version IS 'Version number.';
COMMENT ON COLUMN survey.prompts.purpose IS 'What the prompt is for.';
COMMENT ON COLUMN survey.prompts.language IS 'Language.';
COMMENT ON COLUMN survey.prompts.body IS 'Prompt text.';
COMMENT ON COLUMN survey.prompts.is_active IS 'The version in use.';
COMMENT ON COLUMN survey.prompts.created_at IS 'Creation time.';
COMMENT ON COLUMN survey.prompts.updated_at IS 'Latest change, kept by trigger.';
COMMENT ON INDEX survey.uq_prompts_active IS 'One active version per prompt and language.';

-- A/B experiments on a campaign script.

CREATE TABLE IF NOT EXISTS survey.experiments (
  organisation_id uuid NOT NULL DEFAULT iam.current_organisation_id(),
  id uuid NOT NULL DEFAULT iam.uuid_v7(),
  campaign_id uuid NOT NULL,
  name text NOT NULL,
  status survey.experiment_status NOT NULL DEFAULT 'draft',
  started_at timestamptz,
  ended_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT pk_experiments PRIMARY KEY (organisation_id, id),
  CONSTRAINT uq_experiments_campaign_id_name UNIQUE (organisation_id, campaign_id, name),
  CONSTRAINT ck_experiments_name CHECK (length(name) BETWEEN 1 AND 200),
  CONSTRAINT ck_experiments_times CHECK (
    ended_at IS NULL OR started_at IS NULL OR ended_at >= started_at
  ),
  CONSTRAINT fk_experiments_organisation_id
    FOREIGN KEY (organisation_id)
    REFERENCES iam.organisations (id)
    ON DELETE CASCADE,
  CONSTRAINT fk_experiments_campaign_id
    FOREIGN KEY (organisation_id, campaign_id)
    REFERENCES survey.campaigns (organisation_id, id)
    ON DELETE CASCADE
);

SELECT iam.make_tenant_table('survey.experiments');

CREATE UNIQUE INDEX IF NOT EXISTS uq_experiments_running
  ON survey.experiments (organisation_id, campaign_id)
  WHERE status = 'running';

COMMENT ON TABLE survey.experiments IS 'A/B experiments on a campaign script.';
COMMENT ON COLUMN survey.experiments.organisation_id IS 'Tenant key.';
COMMENT ON COLUMN survey.experiments.id IS 'Row id, unique inside the organisation.';
COMMENT ON COLUMN survey.experiments.campaign_id IS 'Campaign under test.';
COMMENT ON COLUMN survey.experiments.name IS 'Experiment name.';
COMMENT ON COLUMN survey.experiments.status IS 'Lifecycle state.';
COMMENT ON COLUMN survey.experiments.started_at IS 'Start.';
COMMENT ON COLUMN survey.experiments.ended_at IS 'End.';
COMMENT ON COLUMN survey.experiments.created_at IS 'Creation time.';
COMMENT ON COLUMN survey.experiments.updated_at IS 'Latest change, kept by trigger.';
COMMENT ON INDEX survey.uq_experiments_running IS 'One running experiment per campaign.';

-- Variants of an experiment.

CREATE TABLE IF NOT EXISTS survey.experiment_variants (
  organisation_id uuid NOT NULL DEFAULT iam.current_organisation_id(),
  id uuid NOT NULL DEFAULT iam.uuid_v7(),
  experiment_id uuid NOT NULL,
  key text NOT NULL,
  weight integer NOT NULL DEFAULT 1,
  intro_script text,
  prompt_id uuid,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT pk_experiment_variants PRIMARY KEY (organisation_id, id),
  CONSTRAINT uq_experiment_variants_experiment_id_key UNIQUE (organisation_id, experiment_id, key),
  CONSTRAINT uq_experiment_variants_experiment_id_id UNIQUE (organisation_id, experiment_id, id),
  CONSTRAINT ck_experiment_variants_key CHECK (key ~ '^[a-z0-9_-]{1,50}$'),
  CONSTRAINT ck_experiment_variants_weight CHECK (weight BETWEEN 0 AND 10000),
  CONSTRAINT fk_experiment_variants_organisation_id
    FOREIGN KEY (organisation_id)
    REFERENCES iam.organisations (id)
    ON DELETE CASCADE,
  CONSTRAINT fk_experiment_variants_experiment_id
    FOREIGN KEY (organisation_id, experiment_id)
    REFERENCES survey.experiments (organisation_id, id)
    ON DELETE CASCADE,
  CONSTRAINT fk_experiment_variants_prompt_id
    FOREIGN KEY (organisation_id, prompt_id)
    REFERENCES survey.prompts (organisation_id, id)
    ON DELETE NO ACTION
);

SELECT iam.make_tenant_table('survey.experiment_variants');

CREATE INDEX IF NOT EXISTS ix_experiment_variants_prompt_id
  ON survey.experiment_variants (organisation_id, prompt_id)
  WHERE prompt_id IS NOT NULL;

COMMENT ON TABLE survey.experiment_variants IS 'Variants of an experiment.';
COMMENT ON COLUMN survey.experiment_variants.organisation_id IS 'Tenant key.';
COMMENT ON COLUMN survey.experiment_variants.id IS 'Row id, unique inside the organisation.';
COMMENT ON COLUMN survey.experiment_variants.experiment_id IS 'Experiment.';
COMMENT ON COLUMN survey.experiment_variants.key IS 'Variant key, e.g. a.';
COMMENT ON COLUMN survey.experiment_variants.weight IS 'Relative share.';
COMMENT ON COLUMN survey.experiment_variants.intro_script IS 'Replaces the campaign introduction.';
COMMENT ON COLUMN survey.experiment_variants.prompt_id IS 'Prompt version of this variant.';
COMMENT ON COLUMN survey.experiment_variants.created_at IS 'Creation time.';
COMMENT ON COLUMN survey.experiment_variants.updated_at IS 'Latest change, kept by trigger.';
COMMENT ON INDEX survey.ix_experiment_variants_prompt_id IS 'Covers the foreign key.';

-- Stable assignment of a contact to an experiment variant.

CREATE TABLE IF NOT EXISTS survey.enrollments (
  organisation_id uuid NOT NULL DEFAULT iam.current_organisation_id(),
  experiment_id uuid NOT NULL,
  contact_id uuid NOT NULL,
  variant_id uuid NOT NULL,
  assigned_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT pk_enrollments PRIMARY KEY (organisation_id, experiment_id, contact_id),
  CONSTRAINT fk_enrollments_organisation_id
    FOREIGN KEY (organisation_id)
    REFERENCES iam.organisations (id)
    ON DELETE CASCADE,
  CONSTRAINT fk_enrollments_experiment_id
    FOREIGN KEY (organisation_id, experiment_id)
    REFERENCES survey.experiments (organisation_id, id)
    ON DELETE CASCADE,
  CONSTRAINT fk_enrollments_contact_id
    FOREIGN KEY (organisation_id, contact_id)
    REFERENCES survey.contacts (organisation_id, id)
    ON DELETE CASCADE,
  CONSTRAINT fk_enrollments_experiment_id_variant_id
    FOREIGN KEY (organisation_id, experiment_id, variant_id)
    REFERENCES survey.experiment_variants (organisation_id, experiment_id, id)
    ON DELETE CASCADE
);

SELECT iam.make_tenant_table('survey.enrollments');

CREATE INDEX IF NOT EXISTS ix_enrollments_experiment_id_variant_id
  ON survey.enrollments (organisation_id, experiment_id, variant_id);

CREATE INDEX IF NOT EXISTS ix_enrollments_contact_id
  ON survey.enrollments (organisation_id, contact_id);

COMMENT ON TABLE survey.enrollments IS 'Stable assignment of a contact to an experiment variant.';
COMMENT ON COLUMN survey.enrollments.organisation_id IS 'Tenant key.';
COMMENT ON COLUMN survey.enrollments.experiment_id IS 'Experiment.';
COMMENT ON COLUMN survey.enrollments.contact_id IS 'Contact.';
COMMENT ON COLUMN survey.enrollments.variant_id IS 'Assigned variant; never changed.';
COMMENT ON COLUMN survey.enrollments.assigned_at IS 'Assignment time.';
COMMENT ON INDEX survey.ix_enrollments_experiment_id_variant_id IS 'Result per variant; covers the foreign key.';
COMMENT ON INDEX survey.ix_enrollments_contact_id IS 'Variants of a contact; covers the foreign key.';
