import type { SpecifiedTable } from '../specification.js'
import {
  createdAt,
  ofOrganisation,
  ofVersion7,
  partOf,
  tenantGrants,
  tenantKey,
  tenantPolicies,
  tenantRowId,
  updatedAt,
  whenUpdated,
} from './shared.js'

export const trackingTables = {
  tracking_pixels: {
    comment: 'Open-tracking tokens, one per email.',
    columns: {
      organisation_id: tenantKey,
      id: tenantRowId,
      email_notification_id: ['uuid', 'Email of this schema.'],
      message_ref: ['text', 'Message of an extension model, e.g. outreach.message and its id.'],
      token: [
        `text NOT NULL DEFAULT encode(uuid_send(gen_random_uuid()), 'hex')`,
        'Random public token; the public URL also carries the organisation id.',
      ],
      is_active: ['boolean NOT NULL DEFAULT true', 'Counts opens.'],
      created_at: createdAt,
    },
    constraints: {
      pk_tracking_pixels: 'PRIMARY KEY (organisation_id, id)',
      uq_tracking_pixels_token: 'UNIQUE (organisation_id, token)',
      ck_tracking_pixels_message_ref: 'CHECK (length(message_ref) BETWEEN 1 AND 200)',
      ck_tracking_pixels_token: `CHECK (token ~ '^[A-Za-z0-9_-]{20,64}$')`,
      ck_tracking_pixels_target: 'CHECK (num_nonnulls(email_notification_id, message_ref) = 1)',
      fk_tracking_pixels_organisation_id: ofOrganisation,
      fk_tracking_pixels_email_notification_id: partOf('email_notification_id', 'notify.email_notifications'),
    },
    indexes: {
      uq_tracking_pixels_email: [
        'UNIQUE (organisation_id, email_notification_id) WHERE email_notification_id IS NOT NULL',
        'One pixel per email; covers the foreign key.',
      ],
      uq_tracking_pixels_message_ref: [
        'UNIQUE (organisation_id, message_ref) WHERE message_ref IS NOT NULL',
        'One pixel per extension message.',
      ],
    },
    triggers: {},
    policies: tenantPolicies,
    grants: tenantGrants,
  },
  tracking_events: {
    comment: 'Raw opens and clicks.',
    partitionBy: 'RANGE (id)',
    columns: {
      organisation_id: tenantKey,
      id: tenantRowId,
      occurred_at: ['timestamptz NOT NULL DEFAULT now()', 'When; the partition follows the id.'],
      pixel_id: ['uuid NOT NULL', 'Pixel.'],
      event_type: [`notify.tracking_event_type NOT NULL DEFAULT 'open'`, 'Kind.'],
      url: ['text', 'Clicked address.'],
      ip_hash: ['bytea', 'Keyed hash of the client address.'],
      user_agent: ['text', 'Client agent.'],
      is_bot: ['boolean NOT NULL DEFAULT false', 'Proxy or scanner, not a person.'],
    },
    constraints: {
      pk_tracking_events: 'PRIMARY KEY (organisation_id, id)',
      ck_tracking_events_id_v7: ofVersion7,
      ck_tracking_events_click_url: `CHECK (event_type <> 'click' OR url IS NOT NULL)`,
      fk_tracking_events_organisation_id: ofOrganisation,
      fk_tracking_events_pixel_id: partOf('pixel_id', 'notify.tracking_pixels'),
    },
    indexes: {
      ix_tracking_events_pixel_id: ['(organisation_id, pixel_id, id)', 'Events of a message; covers the foreign key.'],
    },
    triggers: {},
    policies: tenantPolicies,
    grants: tenantGrants,
  },
  message_open_stats: {
    comment: 'Aggregated opens and clicks per pixel.',
    columns: {
      organisation_id: tenantKey,
      pixel_id: ['uuid NOT NULL', 'Pixel.'],
      open_count: ['integer NOT NULL DEFAULT 0', 'Opens by people.'],
      bot_open_count: ['integer NOT NULL DEFAULT 0', 'Opens by proxies and scanners.'],
      click_count: ['integer NOT NULL DEFAULT 0', 'Clicks.'],
      first_opened_at: ['timestamptz', 'First open.'],
      last_opened_at: ['timestamptz', 'Latest open.'],
      created_at: createdAt,
      updated_at: updatedAt,
    },
    constraints: {
      pk_message_open_stats: 'PRIMARY KEY (organisation_id, pixel_id)',
      ck_message_open_stats_open_count: 'CHECK (open_count >= 0)',
      ck_message_open_stats_bot_open_count: 'CHECK (bot_open_count >= 0)',
      ck_message_open_stats_click_count: 'CHECK (click_count >= 0)',
      fk_message_open_stats_organisation_id: ofOrganisation,
      fk_message_open_stats_pixel_id: partOf('pixel_id', 'notify.tracking_pixels'),
    },
    indexes: {},
    triggers: {
      trg_message_open_stats_set_updated_at: whenUpdated,
    },
    policies: tenantPolicies,
    grants: tenantGrants,
  },
} as const satisfies Readonly<Record<string, SpecifiedTable>>
