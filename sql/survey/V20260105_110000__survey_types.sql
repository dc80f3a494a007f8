-- survey: types
--
-- Brings the schema and its vocabulary.

SET LOCAL ROLE ${role_owner};
SET LOCAL search_path = pg_catalog;

CREATE SCHEMA IF NOT EXISTS survey;
COMMENT ON SCHEMA survey IS 'Survey campaigns, contacts, answers, experiments.';

DO $$
BEGIN
  IF to_regtype('survey.campaign_status') IS NULL THEN
    CREATE TYPE survey.campaign_status AS ENUM (
      'draft',
      'scheduled',
      'running',
      'paused',
      'completed',
      'cancelled'
    );
  END IF;
END
$$;
COMMENT ON TYPE survey.campaign_status IS 'Lifecycle of a survey campaign (seed enum).';

DO $$
BEGIN
  IF to_regtype('survey.question_type') IS NULL THEN
    CREATE TYPE survey.question_type AS ENUM (
      'free_text',
      'numeric',
      'scale'
    );
  END IF;
END
$$;
COMMENT ON TYPE survey.question_type IS 'Answer kind of a question (seed enum).';

DO $$
BEGIN
  IF to_regtype('survey.contact_state') IS NULL THEN
    CREATE TYPE survey.contact_state AS ENUM (
      'pending',
      'in_progress',
      'completed',
      'refused',
      'not_reached',
      'excluded'
    );
  END IF;
END
$$;
COMMENT ON TYPE survey.contact_state IS 'State of a contact inside a campaign (seed enum).';

DO $$
BEGIN
  IF to_regtype('survey.contact_language') IS NULL THEN
    CREATE TYPE survey.contact_language AS ENUM (
      'en',
      'it',
      'auto'
    );
  END IF;
END
$$;
COMMENT ON TYPE survey.contact_language IS 'Preferred language of a contact (seed enum).';

DO $$
BEGIN
  IF to_regtype('survey.event_type') IS NULL THEN
    CREATE TYPE survey.event_type AS ENUM (
      'survey.completed',
      'survey.refused',
      'survey.not_reached'
    );
  END IF;
END
$$;
COMMENT ON TYPE survey.event_type IS 'Domain event type (seed enum).';

DO $$
BEGIN
  IF to_regtype('survey.experiment_status') IS NULL THEN
    CREATE TYPE survey.experiment_status AS ENUM (
      'draft',
      'running',
      'paused',
      'completed',
      'cancelled'
    );
  END IF;
END
$$;
COMMENT ON TYPE survey.experiment_status IS 'Lifecycle of an A/B experiment.';

DO $$
BEGIN
  IF to_regtype('survey.consent_source') IS NULL THEN
    CREATE TYPE survey.consent_source AS ENUM (
      'import',
      'web_form',
      'verbal',
      'written',
      'api'
    );
  END IF;
END
$$;
COMMENT ON TYPE survey.consent_source IS 'How consent was obtained.';
