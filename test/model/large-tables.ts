import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import type { TransactionSql } from 'postgres'
import { withOrganisation } from '../../lib/model/with-organisation.js'
import { allSchemas } from './bundled-files.js'
import { type ExplainedPlan, type ExplainingClient, openExplainingClient } from './explained-plans.js'
import { type ModelWithLogins, modelWithLogins, password, tenantId } from './tenant-logins.js'

/** Rows in a large table, over three organisations in turn. */
const rowsPerTable = 60_000
/** Any of the three. */
export const organisationId = tenantId(2)

interface LargeModel extends ModelWithLogins {
  readonly asApp: ExplainingClient
  readonly asWorker: ExplainingClient
}

/** `i` counts rows, `o` is the number of the organisation. */
const rows = `
  (SELECT i, i % 3 + 1 AS o, ('00000000-0000-7000-8000-' || lpad((i % 3 + 1)::text, 12, '0'))::uuid AS organisation_id
   FROM generate_series(1, ${rowsPerTable}) AS i) AS r`
/** One row for each organisation. */
const organisations = 'FROM iam.organisations AS o'
/** Id of row `i` of a table that others name. */
const id = (expression = 'i'): string => `('019b76da-a800-7000-8000-' || lpad((${expression})::text, 12, '0'))::uuid`
const one = id('1')

/** One statement fills one table. Ids are given, because before PostgreSQL 18 making them takes most of the time. */
const statements = {
  'iam.organisations': `(id, slug, name)
    SELECT DISTINCT organisation_id, 'o' || o, 'o' FROM ${rows}`,
  'iam.users': `(id, email, name, oidc_issuer, oidc_sub)
    SELECT ${id()}, 'u' || i || '@example.org', 'u', 'https://login.example', i::text FROM ${rows}`,
  'iam.organisation_users': `(organisation_id, user_id) SELECT organisation_id, ${id()} FROM ${rows}`,
  'iam.api_keys': `(organisation_id, id, name, key_prefix, key_hash)
    SELECT organisation_id, ${id()}, 'k', 'prefix' || i, sha256(i::text::bytea) FROM ${rows}`,
  'iam.invitations': `(organisation_id, id, email, token_hash)
    SELECT organisation_id, ${id()}, 'u' || i || '@example.org', sha256(i::text::bytea) FROM ${rows}`,
  // A row every four minutes, back from July into January.
  'iam.audit_logs': `(organisation_id, id, entity_type, entity_id, action, actor_id)
    SELECT organisation_id, iam.uuid_v7_floor('2026-07-01'::timestamptz - i * interval '4 minutes'), 'campaign',
           (i % 1000)::text, 'changed', (i % 1000)::text FROM ${rows}`,
  'iam.system_metrics': `(organisation_id, id, name, value)
    SELECT organisation_id, iam.uuid_v7_floor('2026-07-01'::timestamptz - i * interval '4 minutes'), 'm' || i % 1000, i
    FROM ${rows}`,
  'telephony.provider_configs': `(organisation_id, id, outbound_number, llm_model)
    SELECT o.id, ${one}, '+14155550100', 'm' ${organisations}`,
  'telephony.compliance_rules': `(organisation_id, name, valid_from, max_attempts_per_day, allowed_weekdays)
    SELECT o.id, 'default', '2026-01-01', 3, '{1,2,3,4,5,6,7}' ${organisations}`,
  'telephony.exclusion_list_entries': `(organisation_id, id, phone_number)
    SELECT organisation_id, ${id()}, '+1415' || 6000000 + i FROM ${rows}`,
  'survey.campaigns': `(organisation_id, id, name, intro_script, status)
    SELECT o.id, ${one}, 'c', 's', 'running' ${organisations}`,
  'survey.contacts': `(organisation_id, id, campaign_id, phone_number, email, has_prior_consent, consent_source, state,
                       next_attempt_at, locked_by, locked_until)
    SELECT organisation_id, ${id()}, ${one}, '+1415' || 5000000 + i, 'u' || i || '@example.org', true, 'api',
           CASE WHEN i % 50 < 25 THEN 'pending' WHEN i % 50 = 25 THEN 'in_progress' ELSE 'completed' END
             ::survey.contact_state,
           now() + (i - ${rowsPerTable / 2}) * interval '1 second' - interval '1 day',
           CASE WHEN i % 50 = 25 THEN 'w' END,
           CASE WHEN i % 50 = 25 THEN now() + (i - 1000) * interval '1 second' END
    FROM ${rows}`,
  'survey.events': `(organisation_id, id, event_type, campaign_id, contact_id, idempotency_key, published_at,
                     next_attempt_at)
    SELECT organisation_id, ${id()}, 'survey.completed', ${one}, ${id()}, 'e' || i, CASE WHEN i % 2 = 0 THEN now() END,
           now() + (i - ${rowsPerTable / 2}) * interval '1 second'
    FROM ${rows}`,
  'telephony.call_attempts': `(organisation_id, id, campaign_id, contact_id, provider_config_id, call_id,
                               provider_call_id, to_number, status, queued_at, ended_at)
    SELECT organisation_id, ${id()}, ${one}, ${id()}, ${one}, 'c' || i, 'p' || i, '+1415' || 5000000 + i,
           CASE WHEN i % 5000 = 0 THEN 'in_progress' ELSE 'completed' END::telephony.call_status,
           now() - i * interval '10 seconds', CASE WHEN i % 5000 > 0 THEN now() END
    FROM ${rows}`,
  'telephony.call_events': `(organisation_id, id, call_attempt_id, event_type)
    SELECT organisation_id, ${id()}, ${id()}, 'status' FROM ${rows}`,
  'telephony.transcript_snippets': `(organisation_id, id, call_attempt_id, sequence_no, speaker, transcript_text)
    SELECT organisation_id, ${id()}, ${id('i % 3 + 3 * (i / 30)')}, (i / 3) % 10 + 1, 'agent', 't' FROM ${rows}`,
  'telephony.webhook_receipts': `(organisation_id, provider_config_id, provider_event_id, received_at, processed_at)
    SELECT organisation_id, ${one}, 'e' || i, now() - i * interval '1 minute', CASE WHEN i % 5000 > 0 THEN now() END
    FROM ${rows}`,
  'telephony.tasks': `(organisation_id, id, type, priority, status, scheduled_at, completed_at, locked_by, locked_until)
    SELECT organisation_id, ${id()}, 'make_call', (enum_range(NULL::telephony.task_priority))[i % 4 + 1],
           CASE WHEN i % 50 < 25 THEN 'pending' WHEN i % 50 = 25 THEN 'in_progress' ELSE 'completed' END
             ::telephony.task_status,
           now() + (i - ${rowsPerTable / 2}) * interval '1 second', CASE WHEN i % 50 > 25 THEN now() END,
           CASE WHEN i % 50 = 25 THEN 'w' END,
           CASE WHEN i % 50 = 25 THEN now() + (i - 1000) * interval '1 second' END
    FROM ${rows}`,
  'notify.opt_outs': `(organisation_id, id, channel, address, subject_type, subject_id)
    SELECT organisation_id, ${id()}, 'email', 'gone' || i || '@example.org', 'survey.contact', ${id()} FROM ${rows}`,
  'notify.email_notifications': `(organisation_id, id, idempotency_key, to_email, status, sent_at, next_attempt_at,
                                  provider_message_id, contact_id, event_id)
    SELECT organisation_id, ${id()}, 'e' || i, 'u' || i || '@example.org',
           CASE WHEN i % 2 = 0 THEN 'sent' ELSE 'pending' END::notify.email_status, CASE WHEN i % 2 = 0 THEN now() END,
           now() + (i - ${rowsPerTable / 2}) * interval '1 second', CASE WHEN i % 2 = 0 THEN 'm' || i END,
           ${id()}, ${id()}
    FROM ${rows}`,
  'notify.delivery_events': `(organisation_id, id, email_notification_id, event_type, provider_event_id)
    SELECT organisation_id, ${id()}, ${id()}, 'accepted', 'e' || i FROM ${rows}`,
  'notify.tracking_pixels': `(organisation_id, id, email_notification_id, token)
    SELECT organisation_id, ${id()}, ${id()}, 'token-' || lpad(i::text, 20, '0') FROM ${rows}`,
  'notify.tracking_events': `(organisation_id, id, pixel_id)
    SELECT organisation_id, ${id()}, ${id()} FROM ${rows}`,
  'notify.message_open_stats': `(organisation_id, pixel_id) SELECT organisation_id, ${id()} FROM ${rows}`,
  'notify.webhook_endpoints': `(organisation_id, id, name, url)
    SELECT o.id, ${one}, 'e', 'https://example.org' ${organisations}`,
  'notify.webhook_deliveries': `(organisation_id, id, endpoint_id, event_id, event_type, status, delivered_at,
                                 next_attempt_at)
    SELECT organisation_id, ${id()}, ${one}, 'e' || i, 'sample',
           CASE WHEN i % 2 = 0 THEN 'delivered' ELSE 'pending' END::notify.webhook_delivery_status,
           CASE WHEN i % 2 = 0 THEN now() END, now() + (i - ${rowsPerTable / 2}) * interval '1 second'
    FROM ${rows}`,
} as const

export type LargeTable = keyof typeof statements

/** A database in which the tables are filled, and two logins that are told how their statements were carried out. */
export async function largeModel(t: TestContext, tables: readonly LargeTable[]): Promise<LargeModel> {
  const model = await modelWithLogins(t)
  const { admin, url, names, worker } = model
  for (const table of ['iam.audit_logs', 'iam.system_metrics']) {
    await worker.sql`SELECT iam.ensure_month_partitions(${table}, '2026-01-01', 5)`
  }
  await admin.begin(async (transaction) => {
    // The rows agree with each other, so the keys need not be looked up.
    await transaction`SET LOCAL session_replication_role = replica`
    await transaction`SET LOCAL synchronous_commit = off`
    for (const [table, statement] of Object.entries(statements)) {
      const isWanted = table === 'iam.organisations' || tables.some((name) => name === table)
      if (isWanted) await transaction.unsafe(`INSERT INTO ${table} ${statement}`)
    }
  })
  await admin.unsafe(`ANALYZE ${tables.join(', ')}`)
  return {
    ...model,
    asApp: await openExplainingClient(t, admin, url, { name: names.app, password }),
    asWorker: await openExplainingClient(t, admin, url, { name: names.worker, password }),
  }
}

export interface PlannedQuery {
  readonly login: 'app' | 'worker'
  readonly query: string
  readonly parameters?: readonly (string | number)[]
  /** Indexes that the query, or the statements in the functions that it calls, must go through. */
  readonly indexes: readonly string[]
  /** The only partitions that it opens. */
  readonly partitions?: readonly string[]
  /** The server plans it for its values each time, unless it is forced not to. Default: it need not. */
  readonly isPlannedForItsValues?: boolean
}

/** Far below the 20,000 rows of an organisation, far above the few that a query asks for. */
const readLimit = 1_500
/** A statement in a session is planned five times for its values; then the server may keep a plan for all values. */
const runsUntilPlansSettle = 7

/**
 * Runs a query until its plans have settled, and once with plans for all values. Each plan, also of statements inside
 * functions, has to go through indexes and to read few rows of large tables. The indexes named have to be among them.
 */
export async function assertUsesIndexes(model: LargeModel, planned: PlannedQuery): Promise<void> {
  const { login, query, parameters = [], isPlannedForItsValues = false } = planned
  const client = login === 'app' ? model.asApp : model.asWorker
  const settings = Array.from({ length: runsUntilPlansSettle }, () => 'auto')
  if (!isPlannedForItsValues) settings.push('force_generic_plan')
  for (const [run, setting] of settings.entries()) {
    const work = async (transaction: TransactionSql): Promise<void> => {
      await transaction.unsafe(`SET LOCAL plan_cache_mode = ${setting}`)
      await transaction.unsafe(query, [...parameters], { prepare: true })
      throw new RollBack()
    }
    const plans = await client.explain(async () => {
      const attempt = login === 'app' ? withOrganisation(client.sql, { organisationId }, work) : client.sql.begin(work)
      await assert.rejects(attempt, RollBack)
    })
    await assertPlans(model, plans, planned, `run ${run + 1}, ${setting}, as ${login}: ${query.trim()}`)
  }
}

class RollBack extends Error {}

interface Relation {
  readonly name: string
  /** Of a partition or one of its indexes; else its own name. */
  readonly parent: string
  /** Whether it is an index, or a table with many rows. */
  readonly isOfInterest: boolean
}

async function readRelations({ admin }: LargeModel): Promise<ReadonlyMap<string, Relation>> {
  const relations = await admin<Relation[]>`
    SELECT c.relname AS name, r.relname AS parent, c.relkind IN ('i', 'I') OR c.reltuples > 1000 AS "isOfInterest"
    FROM pg_class AS c
    JOIN pg_class AS r ON r.oid = coalesce(pg_partition_root(c.oid), c.oid)
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname = ANY (string_to_array(${allSchemas.join(',')}, ','))`
  return new Map(relations.map((relation) => [relation.name, relation]))
}

async function assertPlans(
  model: LargeModel,
  plans: readonly ExplainedPlan[],
  { indexes, partitions }: PlannedQuery,
  message: string,
): Promise<void> {
  const relations = await readRelations(model)
  const used = new Set<string>()
  const opened = new Set<string>()
  for (const { query, nodes } of plans) {
    for (const { type, relation, index, rowsRead, wasRun } of nodes) {
      if (!wasRun || type === 'ModifyTable') continue
      const [table, through] = [relations.get(relation), relations.get(index)]
      if (through !== undefined) used.add(through.parent)
      if (table !== undefined && table.parent !== relation) opened.add(relation)
      if (table?.isOfInterest !== true && (table !== undefined || through === undefined)) continue
      assert.notEqual(type, 'Seq Scan', `${message}\nreads all of ${relation} in: ${query}`)
      assert.ok(rowsRead <= readLimit, `${message}\nreads ${rowsRead} rows of ${relation || index} in: ${query}`)
    }
  }
  const unused = indexes.filter((name) => !used.has(name))
  assert.deepEqual(unused, [], `${message}\ndoes not use what was made for it, but ${[...used].join(', ')}`)
  if (partitions !== undefined) assert.deepEqual([...opened].toSorted(), partitions, message)
}
