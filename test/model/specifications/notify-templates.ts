import type { SpecifiedTable } from '../specification.js'
import {
  createdAt,
  ofOrganisation,
  tenantGrants,
  tenantKey,
  tenantPolicies,
  tenantRowId,
  updatedAt,
  whenUpdated,
} from './shared.js'

export const templateTables = {
  email_templates: {
    comment: 'Email templates for survey results.',
    columns: {
      organisation_id: tenantKey,
      id: tenantRowId,
      name: ['text NOT NULL', 'Template name.'],
      type: ['notify.email_template_type NOT NULL', 'Survey result it answers.'],
      locale: [`iam.campaign_language NOT NULL DEFAULT 'en'`, 'Language.'],
      subject: ['text NOT NULL', 'Subject with placeholders.'],
      body_html: ['text NOT NULL', 'HTML body with placeholders.'],
      body_text: ['text', 'Plain text body.'],
      version: ['integer NOT NULL DEFAULT 1', 'Version.'],
      is_active: ['boolean NOT NULL DEFAULT true', 'The version in use.'],
      created_at: createdAt,
      updated_at: updatedAt,
    },
    constraints: {
      pk_email_templates: 'PRIMARY KEY (organisation_id, id)',
      uq_email_templates_type_locale_version: 'UNIQUE (organisation_id, type, locale, version)',
      ck_email_templates_name: 'CHECK (length(name) BETWEEN 1 AND 255)',
      ck_email_templates_subject: 'CHECK (length(subject) BETWEEN 1 AND 500)',
      ck_email_templates_body_html: 'CHECK (length(body_html) > 0)',
      ck_email_templates_version: 'CHECK (version >= 1)',
      fk_email_templates_organisation_id: ofOrganisation,
    },
    indexes: {
      uq_email_templates_active: [
        'UNIQUE (organisation_id, type, locale) WHERE is_active',
        'One active template per type and language.',
      ],
    },
    triggers: {
      trg_email_templates_set_updated_at: whenUpdated,
    },
    policies: tenantPolicies,
    grants: tenantGrants,
  },
  message_templates: {
    comment: 'Templates of every channel, found by key.',
    columns: {
      organisation_id: tenantKey,
      id: tenantRowId,
      key: ['text NOT NULL', 'Stable key.'],
      channel: ['iam.contact_channel NOT NULL', 'Channel.'],
      locale: [`iam.campaign_language NOT NULL DEFAULT 'en'`, 'Language.'],
      version: ['integer NOT NULL DEFAULT 1', 'Version.'],
      subject: ['text', 'Subject, email only.'],
      body: ['text NOT NULL', 'Body or call script with placeholders.'],
      variables: [`text[] NOT NULL DEFAULT '{}'`, 'Placeholders used.'],
      is_active: ['boolean NOT NULL DEFAULT true', 'The version in use.'],
      created_at: createdAt,
      updated_at: updatedAt,
    },
    constraints: {
      pk_message_templates: 'PRIMARY KEY (organisation_id, id)',
      uq_message_templates_key_channel_locale_version: 'UNIQUE (organisation_id, key, channel, locale, version)',
      ck_message_templates_key: `CHECK (key ~ '^[a-z][a-z0-9_.-]{0,99}$')`,
      ck_message_templates_channel: `CHECK (channel <> 'any')`,
      ck_message_templates_version: 'CHECK (version >= 1)',
      ck_message_templates_subject: 'CHECK (length(subject) BETWEEN 1 AND 500)',
      ck_message_templates_body: 'CHECK (length(body) > 0)',
      ck_message_templates_email_subject: `CHECK (channel <> 'email' OR subject IS NOT NULL)`,
      fk_message_templates_organisation_id: ofOrganisation,
    },
    indexes: {
      uq_message_templates_active: [
        'UNIQUE (organisation_id, key, channel, locale) WHERE is_active',
        'One active version.',
      ],
    },
    triggers: {
      trg_message_templates_set_updated_at: whenUpdated,
    },
    policies: tenantPolicies,
    grants: tenantGrants,
  },
} as const satisfies Readonly<Record<string, SpecifiedTable>>
