-- telephony: agents tasks
--
-- Brings agents and the work queue they draw from.

SET LOCAL ROLE ${role_owner};
SET LOCAL search_path = pg_catalog;

-- Automated or human agents that work on tasks.

CREATE TABLE IF NOT EXISTS telephony.agents (
  organisation_id uuid NOT NULL DEFAULT iam.current_organisation_id(),
  id uuid NOT NULL DEFAULT iam.uuid_v7(),
  name text NOT NULL,
  type telephony.agent_type NOT NULL,
  status telephony.agent_status NOT NULL DEFAULT 'offline',
  capabilities text[] NOT NULL DEFAULT '{}',
  user_id uuid,
  config jsonb NOT NULL DEFAULT '{}'::jsonb,
  performance_metrics jsonb NOT NULL DEFAULT '{}'::jsonb,
  last_heartbeat_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT pk_agents PRIMARY KEY (organisation_id, id),
  CONSTRAINT uq_agents_name UNIQUE (organisation_id, name),
  CONSTRAINT ck_agents_name CHECK (length(name) BETWEEN 1 AND 100),
  CONSTRAINT ck_agents_config CHECK (jsonb_typeof(config) = 'object'),
  CONSTRAINT ck_agents_performance_metrics CHECK (jsonb_typeof(performance_metrics) = 'object'),
  CONSTRAINT fk_agents_organisation_id
    FOREIGN KEY (organisation_id)
    REFERENCES iam.organisations (id)
    ON DELETE CASCADE,
  CONSTRAINT fk_agents_user_id
    FOREIGN KEY (organisation_id, user_id)
    REFERENCES iam.organisation_users (organisation_id, user_id)
    ON DELETE NO ACTION
);

SELECT iam.make_tenant_table('telephony.agents');

CREATE INDEX IF NOT EXISTS ix_agents_type_status
  ON telephony.agents (organisation_id, type, status);

CREATE INDEX IF NOT EXISTS ix_agents_user_id
  ON telephony.agents (organisation_id, user_id)
  WHERE user_id IS NOT NULL;

COMMENT ON TABLE telephony.agents IS 'Automated or human agents that work on tasks.';
COMMENT ON COLUMN telephony.agents.organisation_id IS 'Tenant key.';
COMMENT ON COLUMN telephony.agents.id IS 'Row id, unique inside the organisation.';
COMMENT ON COLUMN telephony.agents.name IS 'Agent name.';
COMMENT ON COLUMN telephony.agents.type IS 'Kind.';
COMMENT ON COLUMN telephony.agents.status IS 'Runtime status.';
COMMENT ON COLUMN telephony.agents.capabilities IS 'What the agent can do.';
COMMENT ON COLUMN telephony.agents.user_id IS 'Member behind a human agent.';
COMMENT ON COLUMN telephony.agents.config IS 'Configuration without secrets.';
COMMENT ON COLUMN telephony.agents.performance_metrics IS 'Latest figures.';
COMMENT ON COLUMN telephony.agents.last_heartbeat_at IS 'Latest sign of life.';
COMMENT ON COLUMN telephony.agents.created_at IS 'Creation time.';
COMMENT ON COLUMN telephony.agents.updated_at IS 'Latest change, kept by trigger.';
COMMENT ON INDEX telephony.ix_agents_type_status IS 'Finds a free agent.';
COMMENT ON INDEX telephony.ix_agents_user_id IS 'Covers the foreign key.';

-- Work items for agents; a leased queue.

CREATE TABLE IF NOT EXISTS telephony.tasks (
  organisation_id uuid NOT NULL DEFAULT iam.current_organisation_id(),
  id uuid NOT NULL DEFAULT iam.uuid_v7(),
  type telephony.task_type NOT NULL,
  priority telephony.task_priority NOT NULL DEFAULT 'medium',
  status telephony.task_status NOT NULL DEFAULT 'pending',
  agent_id uuid,
  subject_type text,
  subject_id uuid,
  idempotency_key text,
  scheduled_at timestamptz NOT NULL DEFAULT now(),
  due_at timestamptz,
  started_at timestamptz,
  completed_at timestamptz,
  attempts smallint NOT NULL DEFAULT 0,
  max_attempts smallint NOT NULL DEFAULT 3,
  locked_by text,
  locked_until timestamptz,
  last_error text,
  context jsonb NOT NULL DEFAULT '{}'::jsonb,
  result jsonb NOT NULL DEFAULT '{}'::jsonb,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT pk_tasks PRIMARY KEY (organisation_id, id),
  CONSTRAINT uq_tasks_idempotency_key UNIQUE (organisation_id, idempotency_key),
  CONSTRAINT ck_tasks_subject_type CHECK (length(subject_type) BETWEEN 1 AND 100),
  CONSTRAINT ck_tasks_idempotency_key CHECK (length(idempotency_key) BETWEEN 1 AND 200),
  CONSTRAINT ck_tasks_attempts CHECK (attempts >= 0),
  CONSTRAINT ck_tasks_max_attempts CHECK (max_attempts BETWEEN 1 AND 20),
  CONSTRAINT ck_tasks_context CHECK (jsonb_typeof(context) = 'object'),
  CONSTRAINT ck_tasks_result CHECK (jsonb_typeof(result) = 'object'),
  CONSTRAINT ck_tasks_lock_pair CHECK ((locked_by IS NULL) = (locked_until IS NULL)),
  CONSTRAINT ck_tasks_subject_pair CHECK ((subject_type IS NULL) = (subject_id IS NULL)),
  CONSTRAINT ck_tasks_ended CHECK (
    (status IN ('completed', 'failed', 'cancelled')) = (completed_at IS NOT NULL)
  ),
  CONSTRAINT fk_tasks_organisation_id
    FOREIGN KEY (organisation_id)
    REFERENCES iam.organisations (id)
    ON DELETE CASCADE,
  CONSTRAINT fk_tasks_agent_id
    FOREIGN KEY (organisation_id, agent_id)
    REFERENCES telephony.agents (organisation_id, id)
    ON DELETE NO ACTION
);

SELECT iam.make_tenant_table('telephony.tasks');

CREATE INDEX IF NOT EXISTS ix_tasks_queue
  ON telephony.tasks (priority DESC, scheduled_at)
  WHERE status IN ('pending', 'assigned');

CREATE INDEX IF NOT EXISTS ix_tasks_lease
  ON telephony.tasks (organisation_id, locked_until)
  WHERE status = 'in_progress';

CREATE INDEX IF NOT EXISTS ix_tasks_agent_id_status
  ON telephony.tasks (organisation_id, agent_id, status);

CREATE INDEX IF NOT EXISTS ix_tasks_subject_type_subject_id
  ON telephony.tasks (organisation_id, subject_type, subject_id)
  WHERE subject_id IS NOT NULL;

COMMENT ON TABLE telephony.tasks IS 'Work items for agents; a leased queue.';
COMMENT ON COLUMN telephony.tasks.organisation_id IS 'Tenant key.';
COMMENT ON COLUMN telephony.tasks.id IS 'Row id, unique inside the organisation.';
COMMENT ON COLUMN telephony.tasks.type IS 'Kind of work.';
COMMENT ON COLUMN telephony.tasks.priority IS 'Priority.';
COMMENT ON COLUMN telephony.tasks.status IS 'State.';
COMMENT ON COLUMN telephony.tasks.agent_id IS 'Assigned agent.';
COMMENT ON COLUMN telephony.tasks.subject_type IS 'Kind of the entity worked on, e.g. survey.contact.';
COMMENT ON COLUMN telephony.tasks.subject_id IS 'Id of that entity; no foreign key.';
COMMENT ON COLUMN telephony.tasks.idempotency_key IS 'Producer key.';
COMMENT ON COLUMN telephony.tasks.scheduled_at IS 'Not before.';
COMMENT ON COLUMN telephony.tasks.due_at IS 'Wanted by.';
COMMENT ON COLUMN telephony.tasks.started_at IS 'Work began.';
COMMENT ON COLUMN telephony.tasks.completed_at IS 'Work ended.';
COMMENT ON COLUMN telephony.tasks.attempts IS 'Attempts made.';
COMMENT ON COLUMN telephony.tasks.max_attempts IS 'Attempts allowed.';
COMMENT ON COLUMN telephony.tasks.locked_by IS 'Worker holding the lease.';
COMMENT ON COLUMN telephony.tasks.locked_until IS 'End of the lease.';
COMMENT ON COLUMN telephony.tasks.last_error IS 'Latest error.';
COMMENT ON COLUMN telephony.tasks.context IS 'Input.';
COMMENT ON COLUMN telephony.tasks.result IS 'Output.';
COMMENT ON COLUMN telephony.tasks.created_at IS 'Creation time.';
COMMENT ON COLUMN telephony.tasks.updated_at IS 'Latest change, kept by trigger.';
COMMENT ON INDEX telephony.ix_tasks_queue IS
  'tenancy: exception - the worker claims due tasks of all tenants by priority; holds open rows only.';
COMMENT ON INDEX telephony.ix_tasks_lease IS 'Finds expired leases.';
COMMENT ON INDEX telephony.ix_tasks_agent_id_status IS 'Tasks of an agent; covers the foreign key.';
COMMENT ON INDEX telephony.ix_tasks_subject_type_subject_id IS 'Tasks of an entity.';
