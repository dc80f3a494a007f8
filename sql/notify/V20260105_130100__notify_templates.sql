-- notify: templates
--
-- Brings the templates of emails and of messages on other channels.

SET LOCAL ROLE ${role_owner};
SET LOCAL search_path = pg_catalog;

-- Email templates for survey results.

CREATE TABLE IF NOT EXISTS notify.email_templates (
  organisation_id uuid NOT NULL DEFAULT iam.current_organisation_id(),
  id uuid NOT NULL DEFAULT iam.uuid_v7(),
  name text NOT NULL,
  type notify.email_template_type NOT NULL,
  locale iam.campaign_language NOT NULL DEFAULT 'en',
  subject text NOT NULL,
  body_html text NOT NULL,
  body_text text,
  version integer NOT NULL DEFAULT 1,
  is_active boolean NOT NULL DEFAULT true,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT pk_email_templates PRIMARY KEY (organisation_id, id),
  CONSTRAINT uq_email_templates_type_locale_version UNIQUE (organisation_id, type, locale, version),
  CONSTRAINT ck_email_templates_name CHECK (length(name) BETWEEN 1 AND 255),
  CONSTRAINT ck_email_templates_subject CHECK (length(subject) BETWEEN 1 AND 500),
  CONSTRAINT ck_email_templates_body_html CHECK (length(body_html) > 0),
  CONSTRAINT ck_email_templates_version CHECK (version >= 1),
  CONSTRAINT fk_email_templates_organisation_id
    FOREIGN KEY (organisation_id)
    REFERENCES iam.organisations (id)
    ON DELETE CASCADE
);

SELECT iam.make_tenant_table('notify.email_templates');

CREATE UNIQUE INDEX IF NOT EXISTS uq_email_templates_active
  ON notify.email_templates (organisation_id, type, locale)
  WHERE is_active;

COMMENT ON TABLE notify.email_templates IS 'Email templates for survey results.';
COMMENT ON COLUMN notify.email_templates.organisation_id IS 'Tenant key.';
COMMENT ON COLUMN notify.email_templates.id IS 'Row id, unique inside the organisation.';
COMMENT ON COLUMN notify.email_templates.name IS 'Template name.';
COMMENT ON COLUMN notify.email_templates.type IS 'Survey result it answers.';
COMMENT ON COLUMN notify.email_templates.locale IS 'Language.';
COMMENT ON COLUMN notify.email_templates.subject IS 'Subject with placeholders.';
COMMENT ON COLUMN notify.email_templates.body_html IS 'HTML body with placeholders.';
COMMENT ON COLUMN notify.email_templates.body_text IS 'Plain text body.';
COMMENT ON COLUMN notify.email_templates.version IS 'Version.';
COMMENT ON COLUMN notify.email_templates.is_active IS 'The version in use.';
COMMENT ON COLUMN notify.email_templates.created_at IS 'Creation time.';
COMMENT ON COLUMN notify.email_templates.updated_at IS 'Latest change, kept by trigger.';
COMMENT ON INDEX notify.uq_email_templates_active IS 'One active template per type and language.';

-- Templates of every channel, found by key.

CREATE TABLE IF NOT EXISTS notify.message_templates (
  organisation_id uuid NOT NULL DEFAULT iam.current_organisation_id(),
  id uuid NOT NULL DEFAULT iam.uuid_v7(),
  key text NOT NULL,
  channel iam.contact_channel NOT NULL,
  locale iam.campaign_language NOT NULL DEFAULT 'en',
  version integer NOT NULL DEFAULT 1,
  subject text,
  body text NOT NULL,
  variables text[] NOT NULL DEFAULT '{}',
  is_active boolean NOT NULL DEFAULT true,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT pk_message_templates PRIMARY KEY (organisation_id, id),
  CONSTRAINT uq_message_templates_key_channel_locale_version UNIQUE (organisation_id, key, channel, locale, version),
  CONSTRAINT ck_message_templates_key CHECK (key ~ '^[a-z][a-z0-9_.-]{0,99}$'),
  CONSTRAINT ck_message_templates_channel CHECK (channel <> 'any'),
  CONSTRAINT ck_message_templates_version CHECK (version >= 1),
  CONSTRAINT ck_message_templates_subject CHECK (length(subject) BETWEEN 1 AND 500),
  CONSTRAINT ck_message_templates_body CHECK (length(body) > 0),
  CONSTRAINT ck_message_templates_email_subject CHECK (channel <> 'email' OR subject IS NOT NULL),
  CONSTRAINT fk_message_templates_organisation_id
    FOREIGN KEY (organisation_id)
    REFERENCES iam.organisations (id)
    ON DELETE CASCADE
);

SELECT iam.make_tenant_table('notify.message_templates');

CREATE UNIQUE INDEX IF NOT EXISTS uq_message_templates_active
  ON notify.message_templates (organisation_id, key, channel, locale)
  WHERE is_active;

COMMENT ON TABLE notify.message_templates IS 'Templates of every channel, found by key.';
COMMENT ON COLUMN notify.message_templates.organisation_id IS 'Tenant key.';
COMMENT ON COLUMN notify.message_templates.id IS 'Row id, unique inside the organisation.';
COMMENT ON COLUMN notify.message_templates.key IS 'Stable key.';
COMMENT ON COLUMN notify.message_templates.channel IS 'Channel.';
COMMENT ON COLUMN notify.message_templates.locale IS 'Language.';
COMMENT ON COLUMN notify.message_templates.version IS 'Version.';
COMMENT ON COLUMN notify.message_templates.subject IS 'Subject, email only.';
COMMENT ON COLUMN notify.message_templates.body IS 'Body or call script with placeholders.';
COMMENT ON COLUMN notify.message_templates.variables IS 'Placeholders used.';
COMMENT ON COLUMN notify.message_templates.is_active IS 'The version in use.';
COMMENT ON COLUMN notify.message_templates.created_at IS 'Creation time.';
COMMENT ON COLUMN notify.message_templates.updated_at IS 'Latest change, kept by trigger.';
COMMENT ON INDEX notify.uq_message_templates_active IS 'One active version.';
