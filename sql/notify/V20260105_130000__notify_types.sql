-- notify: types
--
-- Brings the schema and its vocabulary.

SET LOCAL ROLE ${role_owner};
SET LOCAL search_path = pg_catalog;

CREATE SCHEMA IF NOT EXISTS notify;
COMMENT ON SCHEMA notify IS 'Emails, templates, opt-outs, tracking, webhooks.';

DO $$
BEGIN
  IF to_regtype('notify.email_status') IS NULL THEN
    CREATE TYPE notify.email_status AS ENUM (
      'pending',
      'sent',
      'failed'
    );
  END IF;
END
$$;
COMMENT ON TYPE notify.email_status IS 'Delivery state of an email (seed enum).';

DO $$
BEGIN
  IF to_regtype('notify.email_template_type') IS NULL THEN
    CREATE TYPE notify.email_template_type AS ENUM (
      'completed',
      'refused',
      'not_reached'
    );
  END IF;
END
$$;
COMMENT ON TYPE notify.email_template_type IS 'Survey result the template answers (seed enum).';

DO $$
BEGIN
  IF to_regtype('notify.opt_out_source') IS NULL THEN
    CREATE TYPE notify.opt_out_source AS ENUM (
      'link',
      'reply',
      'call',
      'import',
      'api',
      'manual'
    );
  END IF;
END
$$;
COMMENT ON TYPE notify.opt_out_source IS 'How an opt-out reached us.';

DO $$
BEGIN
  IF to_regtype('notify.delivery_event_type') IS NULL THEN
    CREATE TYPE notify.delivery_event_type AS ENUM (
      'accepted',
      'delivered',
      'deferred',
      'bounced',
      'complained',
      'unsubscribed',
      'rejected'
    );
  END IF;
END
$$;
COMMENT ON TYPE notify.delivery_event_type IS 'Provider delivery callback type.';

DO $$
BEGIN
  IF to_regtype('notify.bounce_type') IS NULL THEN
    CREATE TYPE notify.bounce_type AS ENUM (
      'hard',
      'soft'
    );
  END IF;
END
$$;
COMMENT ON TYPE notify.bounce_type IS 'Bounce class.';

DO $$
BEGIN
  IF to_regtype('notify.tracking_event_type') IS NULL THEN
    CREATE TYPE notify.tracking_event_type AS ENUM (
      'open',
      'click'
    );
  END IF;
END
$$;
COMMENT ON TYPE notify.tracking_event_type IS 'Tracked recipient action.';

DO $$
BEGIN
  IF to_regtype('notify.webhook_endpoint_status') IS NULL THEN
    CREATE TYPE notify.webhook_endpoint_status AS ENUM (
      'active',
      'paused',
      'disabled'
    );
  END IF;
END
$$;
COMMENT ON TYPE notify.webhook_endpoint_status IS 'State of an outgoing webhook endpoint.';

DO $$
BEGIN
  IF to_regtype('notify.webhook_delivery_status') IS NULL THEN
    CREATE TYPE notify.webhook_delivery_status AS ENUM (
      'pending',
      'delivered',
      'failed',
      'discarded'
    );
  END IF;
END
$$;
COMMENT ON TYPE notify.webhook_delivery_status IS 'State of an outgoing webhook delivery.';
