-- telephony: types
--
-- Brings the schema and its vocabulary.

SET LOCAL ROLE ${role_owner};
SET LOCAL search_path = pg_catalog;

CREATE SCHEMA IF NOT EXISTS telephony;
COMMENT ON SCHEMA telephony IS 'Providers, calls, transcripts, compliance, agents and tasks.';

DO $$
BEGIN
  IF to_regtype('telephony.exclusion_source') IS NULL THEN
    CREATE TYPE telephony.exclusion_source AS ENUM (
      'import',
      'api',
      'manual'
    );
  END IF;
END
$$;
COMMENT ON TYPE telephony.exclusion_source IS 'Origin of a do-not-call entry (seed enum).';

DO $$
BEGIN
  IF to_regtype('telephony.provider_type') IS NULL THEN
    CREATE TYPE telephony.provider_type AS ENUM (
      'telephony_api',
      'voice_ai_platform'
    );
  END IF;
END
$$;
COMMENT ON TYPE telephony.provider_type IS 'Kind of provider (seed enum).';

DO $$
BEGIN
  IF to_regtype('telephony.llm_provider') IS NULL THEN
    CREATE TYPE telephony.llm_provider AS ENUM (
      'openai',
      'anthropic',
      'azure-openai',
      'google'
    );
  END IF;
END
$$;
COMMENT ON TYPE telephony.llm_provider IS 'LLM vendor (seed enum).';

DO $$
BEGIN
  IF to_regtype('telephony.call_status') IS NULL THEN
    CREATE TYPE telephony.call_status AS ENUM (
      'queued',
      'dialing',
      'ringing',
      'in_progress',
      'completed',
      'no_answer',
      'busy',
      'failed',
      'cancelled'
    );
  END IF;
END
$$;
COMMENT ON TYPE telephony.call_status IS 'Normalised provider call status.';

DO $$
BEGIN
  IF to_regtype('telephony.call_direction') IS NULL THEN
    CREATE TYPE telephony.call_direction AS ENUM (
      'outbound',
      'inbound'
    );
  END IF;
END
$$;
COMMENT ON TYPE telephony.call_direction IS 'Direction of a call.';

DO $$
BEGIN
  IF to_regtype('telephony.answered_by') IS NULL THEN
    CREATE TYPE telephony.answered_by AS ENUM (
      'human',
      'machine',
      'fax',
      'unknown'
    );
  END IF;
END
$$;
COMMENT ON TYPE telephony.answered_by IS 'Answering machine detection result.';

DO $$
BEGIN
  IF to_regtype('telephony.speaker') IS NULL THEN
    CREATE TYPE telephony.speaker AS ENUM (
      'agent',
      'contact',
      'system'
    );
  END IF;
END
$$;
COMMENT ON TYPE telephony.speaker IS 'Speaker of a transcript snippet.';

DO $$
BEGIN
  IF to_regtype('telephony.call_event_type') IS NULL THEN
    CREATE TYPE telephony.call_event_type AS ENUM (
      'status',
      'answered',
      'amd',
      'dtmf',
      'recording',
      'transcript',
      'error',
      'hangup',
      'other'
    );
  END IF;
END
$$;
COMMENT ON TYPE telephony.call_event_type IS 'Kind of call event.';

DO $$
BEGIN
  IF to_regtype('telephony.agent_type') IS NULL THEN
    CREATE TYPE telephony.agent_type AS ENUM (
      'email',
      'phone',
      'sms',
      'research'
    );
  END IF;
END
$$;
COMMENT ON TYPE telephony.agent_type IS 'Kind of agent.';

DO $$
BEGIN
  IF to_regtype('telephony.agent_status') IS NULL THEN
    CREATE TYPE telephony.agent_status AS ENUM (
      'idle',
      'active',
      'busy',
      'error',
      'offline'
    );
  END IF;
END
$$;
COMMENT ON TYPE telephony.agent_status IS 'Runtime status of an agent.';

DO $$
BEGIN
  IF to_regtype('telephony.task_type') IS NULL THEN
    CREATE TYPE telephony.task_type AS ENUM (
      'send_email',
      'make_call',
      'send_sms',
      'research',
      'follow_up',
      'manual_review'
    );
  END IF;
END
$$;
COMMENT ON TYPE telephony.task_type IS 'Kind of work item.';

DO $$
BEGIN
  IF to_regtype('telephony.task_priority') IS NULL THEN
    CREATE TYPE telephony.task_priority AS ENUM (
      'low',
      'medium',
      'high',
      'urgent'
    );
  END IF;
END
$$;
COMMENT ON TYPE telephony.task_priority IS 'Priority; declaration order is the sort order.';

DO $$
BEGIN
  IF to_regtype('telephony.task_status') IS NULL THEN
    CREATE TYPE telephony.task_status AS ENUM (
      'pending',
      'assigned',
      'in_progress',
      'completed',
      'failed',
      'cancelled'
    );
  END IF;
END
$$;
COMMENT ON TYPE telephony.task_status IS 'Lifecycle of a work item.';
