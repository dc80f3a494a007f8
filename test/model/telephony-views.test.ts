import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Sql } from 'postgres'
import { ids, tenantDatabase } from './model-database.js'
import { readAsTenants } from './read-as-tenants.js'

const { red, blue } = ids

const agents = { robot: '00000000-0000-7000-8000-00000000e001', idler: '00000000-0000-7000-8000-00000000e002' }

async function addAgents(sql: Sql): Promise<void> {
  for (const organisation of [red, blue]) {
    await sql`
      INSERT INTO telephony.agents (organisation_id, id, name, type, status) VALUES
        (${organisation}, ${agents.robot}, 'robot', 'phone', 'active'),
        (${organisation}, ${agents.idler}, 'idler', 'research', 'idle')`
  }
}

test('v_pending_tasks lists open tasks with their agent', async (t) => {
  const { sql } = await tenantDatabase(t)
  await addAgents(sql)
  await sql`
    INSERT INTO telephony.tasks
      (organisation_id, type, idempotency_key, status, agent_id, due_at, context, locked_by, locked_until, completed_at)
    VALUES
      (${red}, 'make_call', 'a', 'pending', NULL, NULL, '{}', NULL, NULL, NULL),
      (${red}, 'make_call', 'b', 'assigned', ${agents.robot}, now() - interval '1 hour', '{"a": 1}', NULL, NULL, NULL),
      (${red}, 'make_call', 'c', 'pending', ${agents.idler}, now() + interval '1 hour', '{}', NULL, NULL, NULL),
      (${red}, 'make_call', 'd', 'in_progress', ${agents.robot}, NULL, '{}', 'w', now(), NULL),
      (${red}, 'make_call', 'e', 'completed', ${agents.robot}, NULL, '{}', NULL, NULL, now()),
      (${red}, 'make_call', 'f', 'cancelled', ${agents.robot}, NULL, '{}', NULL, NULL, now()),
      (${blue}, 'research', 'g', 'pending', ${agents.robot}, NULL, '{}', NULL, NULL, NULL)`
  const view = await readAsTenants(
    sql,
    `SELECT organisation_id, type, priority, status, attempts, max_attempts, context, agent_id, agent_name, agent_type,
       agent_status, is_late FROM telephony.v_pending_tasks ORDER BY id`,
  )
  const common = { organisation_id: red, type: 'make_call', priority: 'medium', attempts: 0, max_attempts: 3 }
  const robot = { agent_id: agents.robot, agent_name: 'robot', agent_type: 'phone', agent_status: 'active' }
  const idler = { agent_id: agents.idler, agent_name: 'idler', agent_type: 'research', agent_status: 'idle' }
  const noAgent = { agent_id: null, agent_name: null, agent_type: null, agent_status: null }
  assert.deepEqual(view, {
    red: [
      { ...common, status: 'pending', context: {}, ...noAgent, is_late: false },
      { ...common, status: 'assigned', context: { a: 1 }, ...robot, is_late: true },
      { ...common, status: 'pending', context: {}, ...idler, is_late: false },
    ],
    blue: [
      { ...common, organisation_id: blue, type: 'research', status: 'pending', context: {}, ...robot, is_late: false },
    ],
    worker: 4,
    nobody: [],
  })
})

test('v_agent_performance counts the tasks of each agent, their success and their time', async (t) => {
  const { sql } = await tenantDatabase(t)
  await addAgents(sql)
  await sql`
    INSERT INTO telephony.tasks (organisation_id, type, status, agent_id, started_at, completed_at)
    SELECT ${red}, 'make_call', status::telephony.task_status, ${agents.robot}, started, ended
    FROM (
      VALUES
        ('completed', now() - interval '30 seconds', now()),
        ('completed', now() - interval '10 seconds', now()),
        ('failed', now() - interval '1 hour', now()),
        ('cancelled', NULL, now()),
        ('pending', NULL, NULL)
    ) AS v (status, started, ended)`
  await sql`
    INSERT INTO telephony.tasks (organisation_id, type, status, agent_id, started_at, completed_at)
    VALUES (${blue}, 'make_call', 'failed', ${agents.robot}, now(), now()), (${blue}, 'make_call', 'completed', NULL, now(), now())`
  const view = await readAsTenants(
    sql,
    `SELECT agent_id, name, type, status, tasks_total::int, tasks_completed::int, tasks_failed::int, avg_seconds::float,
       success_rate::text FROM telephony.v_agent_performance ORDER BY organisation_id, name DESC`,
  )
  const robot = { agent_id: agents.robot, name: 'robot', type: 'phone', status: 'active' }
  const idler = {
    ...{ agent_id: agents.idler, name: 'idler', type: 'research', status: 'idle' },
    ...{ tasks_total: 0, tasks_completed: 0, tasks_failed: 0, avg_seconds: null, success_rate: null },
  }
  assert.deepEqual(view, {
    red: [
      { ...robot, tasks_total: 5, tasks_completed: 2, tasks_failed: 1, avg_seconds: 20, success_rate: '66.67' },
      idler,
    ],
    blue: [
      { ...robot, tasks_total: 1, tasks_completed: 0, tasks_failed: 1, avg_seconds: null, success_rate: '0.00' },
      idler,
    ],
    worker: 4,
    nobody: [],
  })
})

test('v_call_log shows calls with their provider and the length of their transcript', async (t) => {
  const { sql } = await tenantDatabase(t)
  const provider = '00000000-0000-7000-8000-00000000f001'
  for (const organisation of [red, blue]) {
    await sql`
      INSERT INTO telephony.provider_configs (organisation_id, id, outbound_number, llm_model, llm_provider)
      VALUES (${organisation}, ${provider}, '+14155550100', 'example-model', 'anthropic')`
    await sql`
      INSERT INTO telephony.call_attempts
        (organisation_id, call_id, to_number, queued_at, ended_at, status, outcome, duration_seconds, provider_config_id)
      VALUES
        (${organisation}, 'a', '+390612345', '2026-03-02', '2026-03-02', 'completed', 'completed', 42, ${provider}),
        (${organisation}, 'b', '+390612346', '2026-03-03', NULL, 'queued', NULL, NULL, NULL)`
  }
  await sql`
    INSERT INTO telephony.transcript_snippets (organisation_id, call_attempt_id, sequence_no, speaker, transcript_text)
    SELECT organisation_id, id, number, 'agent', 'hello'
    FROM telephony.call_attempts, generate_series(1, 3) AS number
    WHERE organisation_id = ${red} AND call_id = 'a'`
  const view = await readAsTenants(
    sql,
    `SELECT organisation_id, attempt_number, direction, to_number, status, outcome, ended_at IS NOT NULL AS ended,
       duration_seconds, provider_name, llm_provider, snippet_count::int FROM telephony.v_call_log ORDER BY queued_at`,
  )
  const common = { attempt_number: 1, direction: 'outbound' }
  const ended = {
    ...{ ...common, to_number: '+390612345', status: 'completed', outcome: 'completed', ended: true },
    ...{ duration_seconds: 42, provider_name: 'twilio', llm_provider: 'anthropic' },
  }
  const queued = {
    ...{ ...common, to_number: '+390612346', status: 'queued', outcome: null, ended: false },
    ...{ duration_seconds: null, provider_name: null, llm_provider: null, snippet_count: 0 },
  }
  assert.deepEqual(view, {
    red: [
      { organisation_id: red, ...ended, snippet_count: 3 },
      { organisation_id: red, ...queued },
    ],
    blue: [
      { organisation_id: blue, ...ended, snippet_count: 0 },
      { organisation_id: blue, ...queued },
    ],
    worker: 4,
    nobody: [],
  })
})
