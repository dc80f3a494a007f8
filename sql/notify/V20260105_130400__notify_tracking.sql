-- notify: tracking
--
-- Brings open and click tracking: tokens, raw events by month, totals.

SET LOCAL ROLE ${role_owner};
SET LOCAL search_path = pg_catalog;

-- Open-tracking tokens, one per email.

CREATE TABLE IF NOT EXISTS notify.tracking_pixels (
  organisation_id uuid NOT NULL DEFAULT iam.current_organisation_id(),
  id uuid NOT NULL DEFAULT iam.uuid_v7(),
  email_notification_id uuid,
  message_ref text,
  token text NOT NULL DEFAULT encode(uuid_send(gen_random_uuid()), 'hex'),
  is_active boolean NOT NULL DEFAULT true,
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT pk_tracking_pixels PRIMARY KEY (organisation_id, id),
  CONSTRAINT uq_tracking_pixels_token UNIQUE (organisation_id, token),
  CONSTRAINT ck_tracking_pixels_message_ref CHECK (length(message_ref) BETWEEN 1 AND 200),
  CONSTRAINT ck_tracking_pixels_token CHECK (token ~ '^[A-Za-z0-9_-]{20,64}$'),
  CONSTRAINT ck_tracking_pixels_target CHECK (num_nonnulls(email_notification_id, message_ref) = 1),
  CONSTRAINT fk_tracking_pixels_organisation_id
    FOREIGN KEY (organisation_id)
    REFERENCES iam.organisations (id)
    ON DELETE CASCADE,
  CONSTRAINT fk_tracking_pixels_email_notification_id
    FOREIGN KEY (organisation_id, email_notification_id)
    REFERENCES notify.email_notifications (organisation_id, id)
    ON DELETE CASCADE
);

SELECT iam.make_tenant_table('notify.tracking_pixels');

CREATE UNIQUE INDEX IF NOT EXISTS uq_tracking_pixels_email
  ON notify.tracking_pixels (organisation_id, email_notification_id)
  WHERE email_notification_id IS NOT NULL;

CREATE UNIQUE INDEX IF NOT EXISTS uq_tracking_pixels_message_ref
  ON notify.tracking_pixels (organisation_id, message_ref)
  WHERE message_ref IS NOT NULL;

COMMENT ON TABLE notify.tracking_pixels IS 'Open-tracking tokens, one per email.';
COMMENT ON COLUMN notify.tracking_pixels.organisation_id IS 'Tenant key.';
COMMENT ON COLUMN notify.tracking_pixels.id IS 'Row id, unique inside the organisation.';
COMMENT ON COLUMN notify.tracking_pixels.email_notification_id IS 'Email of this schema.';
COMMENT ON COLUMN notify.tracking_pixels.message_ref IS
  'Message of an extension model, e.g. outreach.message and its id.';
COMMENT ON COLUMN notify.tracking_pixels.token IS
  'Random public token; the public URL also carries the organisation id.';
COMMENT ON COLUMN notify.tracking_pixels.is_active IS 'Counts opens.';
COMMENT ON COLUMN notify.tracking_pixels.created_at IS 'Creation time.';
COMMENT ON INDEX notify.uq_tracking_pixels_email IS 'One pixel per email; covers the foreign key.';
COMMENT ON INDEX notify.uq_tracking_pixels_message_ref IS 'One pixel per extension message.';

-- Raw opens and clicks.

CREATE TABLE IF NOT EXISTS notify.tracking_events (
  organisation_id uuid NOT NULL DEFAULT iam.current_organisation_id(),
  id uuid NOT NULL DEFAULT iam.uuid_v7(),
  occurred_at timestamptz NOT NULL DEFAULT now(),
  pixel_id uuid NOT NULL,
  event_type notify.tracking_event_type NOT NULL DEFAULT 'open',
  url text,
  ip_hash bytea,
  user_agent text,
  is_bot boolean NOT NULL DEFAULT false,
  CONSTRAINT pk_tracking_events PRIMARY KEY (organisation_id, id),
  CONSTRAINT ck_tracking_events_id_v7 CHECK (substr(id::text, 15, 1) = '7'),
  CONSTRAINT ck_tracking_events_click_url CHECK (event_type <> 'click' OR url IS NOT NULL),
  CONSTRAINT fk_tracking_events_organisation_id
    FOREIGN KEY (organisation_id)
    REFERENCES iam.organisations (id)
    ON DELETE CASCADE,
  CONSTRAINT fk_tracking_events_pixel_id
    FOREIGN KEY (organisation_id, pixel_id)
    REFERENCES notify.tracking_pixels (organisation_id, id)
    ON DELETE CASCADE
) PARTITION BY RANGE (id);

SELECT iam.make_tenant_table('notify.tracking_events');

CREATE TABLE IF NOT EXISTS notify.tracking_events_default PARTITION OF notify.tracking_events DEFAULT;

SELECT iam.make_tenant_table('notify.tracking_events_default');

CREATE INDEX IF NOT EXISTS ix_tracking_events_pixel_id
  ON notify.tracking_events (organisation_id, pixel_id, id);

COMMENT ON TABLE notify.tracking_events IS 'Raw opens and clicks.';
COMMENT ON TABLE notify.tracking_events_default IS
  'Rows without a month partition; see iam.default_partition_rows().';
COMMENT ON COLUMN notify.tracking_events.organisation_id IS 'Tenant key.';
COMMENT ON COLUMN notify.tracking_events.id IS 'Row id, unique inside the organisation.';
COMMENT ON COLUMN notify.tracking_events.occurred_at IS 'When; the partition follows the id.';
COMMENT ON COLUMN notify.tracking_events.pixel_id IS 'Pixel.';
COMMENT ON COLUMN notify.tracking_events.event_type IS 'Kind.';
COMMENT ON COLUMN notify.tracking_events.url IS 'Clicked address.';
COMMENT ON COLUMN notify.tracking_events.ip_hash IS 'Keyed hash of the client address.';
COMMENT ON COLUMN notify.tracking_events.user_agent IS 'Client agent.';
COMMENT ON COLUMN notify.tracking_events.is_bot IS 'Proxy or scanner, not a person.';
COMMENT ON INDEX notify.ix_tracking_events_pixel_id IS 'Events of a message; covers the foreign key.';

-- Aggregated opens and clicks per pixel.

CREATE TABLE IF NOT EXISTS notify.message_open_stats (
  organisation_id uuid NOT NULL DEFAULT iam.current_organisation_id(),
  pixel_id uuid NOT NULL,
  open_count integer NOT NULL DEFAULT 0,
  bot_open_count integer NOT NULL DEFAULT 0,
  click_count integer NOT NULL DEFAULT 0,
  first_opened_at timestamptz,
  last_opened_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT pk_message_open_stats PRIMARY KEY (organisation_id, pixel_id),
  CONSTRAINT ck_message_open_stats_open_count CHECK (open_count >= 0),
  CONSTRAINT ck_message_open_stats_bot_open_count CHECK (bot_open_count >= 0),
  CONSTRAINT ck_message_open_stats_click_count CHECK (click_count >= 0),
  CONSTRAINT fk_message_open_stats_organisation_id
    FOREIGN KEY (organisation_id)
    REFERENCES iam.organisations (id)
    ON DELETE CASCADE,
  CONSTRAINT fk_message_open_stats_pixel_id
    FOREIGN KEY (organisation_id, pixel_id)
    REFERENCES notify.tracking_pixels (organisation_id, id)
    ON DELETE CASCADE
);

SELECT iam.make_tenant_table('notify.message_open_stats');

COMMENT ON TABLE notify.message_open_stats IS 'Aggregated opens and clicks per pixel.';
COMMENT ON COLUMN notify.message_open_stats.organisation_id IS 'Tenant key.';
COMMENT ON COLUMN notify.message_open_stats.pixel_id IS 'Pixel.';
COMMENT ON COLUMN notify.message_open_stats.open_count IS 'Opens by people.';
COMMENT ON COLUMN notify.message_open_stats.bot_open_count IS 'Opens by proxies and scanners.';
COMMENT ON COLUMN notify.message_open_stats.click_count IS 'Clicks.';
COMMENT ON COLUMN notify.message_open_stats.first_opened_at IS 'First open.';
COMMENT ON COLUMN notify.message_open_stats.last_opened_at IS 'Latest open.';
COMMENT ON COLUMN notify.message_open_stats.created_at IS 'Creation time.';
COMMENT ON COLUMN notify.message_open_stats.updated_at IS 'Latest change, kept by trigger.';
