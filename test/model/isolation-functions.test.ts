import assert from 'node:assert/strict'
import { test } from 'node:test'
import postgres, { type Sql, type TransactionSql } from 'postgres'
import { defaultRoleNames } from '../../lib/model/role-names.js'
import { withOrganisation } from '../../lib/model/with-organisation.js'
import { allSchemas } from './bundled-files.js'
import { type FunctionProbe, functionProbes, functionsWithoutRows } from './function-probes.js'
import { sqlState } from './model-database.js'
import { type ModelWithTenants, modelWithLogins, modelWithTenants, readAllRows, type Tenant } from './tenant-logins.js'

interface ModelFunction {
  /** Name and argument types. */
  readonly signature: string
  /** A query that calls it with nulls. */
  readonly call: string
  readonly definition: string
  readonly isTrigger: boolean
  readonly isForApp: boolean
  readonly isForWorker: boolean
  readonly isForReadonly: boolean
}

async function readFunctions(sql: Sql): Promise<readonly ModelFunction[]> {
  const { app, worker, readonly } = defaultRoleNames
  return await sql<ModelFunction[]>`
    SELECT
      format('%s.%s(%s)', n.nspname, p.proname, a.types) AS signature,
      format('SELECT %I.%I(%s)', n.nspname, p.proname, a.nulls) AS call,
      p.prosrc AS definition,
      p.prorettype = 'trigger'::regtype AS "isTrigger",
      has_function_privilege(${app}, p.oid, 'EXECUTE') AS "isForApp",
      has_function_privilege(${worker}, p.oid, 'EXECUTE') AS "isForWorker",
      has_function_privilege(${readonly}, p.oid, 'EXECUTE') AS "isForReadonly"
    FROM pg_proc AS p
    JOIN pg_namespace AS n ON n.oid = p.pronamespace
    CROSS JOIN LATERAL (
      SELECT
        coalesce(string_agg(format_type(t, NULL), ', ' ORDER BY k), '') AS types,
        coalesce(string_agg('NULL::' || format_type(t, NULL), ', ' ORDER BY k), '') AS nulls
      FROM unnest(p.proargtypes::oid[]) WITH ORDINALITY AS u (t, k)
    ) AS a
    WHERE n.nspname = ANY (string_to_array(${allSchemas.join(',')}, ','))
    ORDER BY signature`
}

/** The rows of a query as JSON, or the SQLSTATE with which it was refused. */
async function ask(transaction: TransactionSql, statement: string): Promise<string> {
  try {
    const rows = await transaction.savepoint(async (part) => [...(await part.unsafe(statement).values())])
    return JSON.stringify(rows)
  } catch (error) {
    if (error instanceof postgres.PostgresError) return error.code
    throw error
  }
}

/** Puts what the rows of a tenant hold in the places of `$table.column`. */
function fillIn(call: string, { rows }: Tenant): string {
  return call.replace(/\$(\w+\.\w+)\.(\w+)/g, (place, table: string, column: string) => {
    const value = rows.find((row) => row.table === table)?.values[column]
    assert.equal(typeof value, 'string', place)
    return String(value)
  })
}

class RollBack extends Error {}

/** What the call gives whom it is meant for. Nothing of it stays. */
async function askControl({ app, worker, blue }: ModelWithTenants, { call, control }: FunctionProbe): Promise<string> {
  let answer = ''
  const work = async (transaction: TransactionSql): Promise<void> => {
    answer = await ask(transaction, fillIn(call, blue))
    throw new RollBack()
  }
  const attempt =
    control === 'worker'
      ? worker.sql.begin(work)
      : withOrganisation(app.sql, { organisationId: blue.organisationId }, work)
  await assert.rejects(attempt, RollBack)
  return answer
}

test('every function that the application may call has a probe, or touches no rows', async (t) => {
  const { admin } = await modelWithLogins(t)
  const functions = await readFunctions(admin)
  const callable = functions.filter(({ isForApp, isTrigger }) => isForApp && !isTrigger)
  assert.deepEqual(
    callable.map(({ signature }) => signature).toSorted(),
    [...Object.keys(functionProbes), ...functionsWithoutRows].toSorted(),
  )
  const [tables] = await admin<{ pattern: string }[]>`
    SELECT string_agg(format('%s[.]%s', n.nspname, c.relname), '|') AS pattern
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v') AND n.nspname = ANY (string_to_array(${allSchemas.join(',')}, ','))`
  const pattern = new RegExp(`\\b(${tables?.pattern})\\b|EXECUTE`)
  for (const { signature, definition } of callable) {
    if (functionsWithoutRows.includes(signature)) assert.doesNotMatch(definition, pattern, signature)
  }
})

test('no function tells or changes anything of another organisation, even by its ids', async (t) => {
  const model = await modelWithTenants(t)
  const { admin, app, red, blue } = model
  for (const [signature, probe] of Object.entries(functionProbes)) {
    const { call, answer, given, control } = probe
    if (given !== undefined) await admin.unsafe(given)
    const before = await readAllRows(admin, blue)
    const found = await withOrganisation(
      app.sql,
      { organisationId: red.organisationId, userId: red.userId },
      async (transaction) => await ask(transaction, fillIn(call, blue)),
    )
    assert.equal(found, answer, signature)
    assert.equal(await readAllRows(admin, blue), before, signature)
    if (control === 'none') continue
    if (given !== undefined) await admin.unsafe(given)
    const meant = await askControl(model, probe)
    assert.notEqual(meant, answer, `${signature} does nothing where it may either`)
    assert.match(meant, /^\[\[/, `${signature} fails where it may be called`)
  }
})

test('without a context the functions neither tell nor change anything', async (t) => {
  const { admin, app, red } = await modelWithTenants(t)
  const before = async (): Promise<string> => await readAllRows(admin, red)
  for (const [signature, { call, given }] of Object.entries(functionProbes)) {
    if (given !== undefined) await admin.unsafe(given)
    const unchanged = await before()
    const answer = await app.sql.begin(async (transaction) => await ask(transaction, fillIn(call, red)))
    assert.match(String(answer), /^(\[\]|\[\[(null|false|0|"no_rule")\]\]|42501|P0002)$/, signature)
    assert.equal(await before(), unchanged, signature)
  }
})

/** What answers readonly as it answers the application, when it is asked about another organisation. All else writes. */
const answersReadonly: readonly string[] = [
  'iam.list_members()',
  'notify.check_opt_out_status(uuid, text, iam.contact_channel)',
  'notify.check_opt_out_status(uuid, text, uuid, iam.contact_channel)',
  'notify.enqueue_survey_email(uuid, uuid)',
  'notify.enqueue_webhook(uuid, text, text, jsonb)',
  'notify.record_tracking_event(uuid, text, notify.tracking_event_type, text, bytea, text, boolean)',
  'survey.assign_variant(uuid, uuid)',
  'survey.claim_due_contacts(uuid, uuid, text, integer, interval, timestamp with time zone)',
  'telephony.call_block_reason(uuid, text, text, text, boolean, timestamp with time zone)',
  'telephony.free_call_slots(uuid, uuid)',
  'telephony.is_do_not_call(uuid, text, timestamp with time zone)',
  'telephony.is_opted_out(uuid, text)',
]

test('readonly is told nothing of another organisation by a function, and changes nothing, not even its own', async (t) => {
  const { admin, readonly, red, blue } = await modelWithTenants(t)
  const askAbout = async (call: string, tenant: Tenant): Promise<string> =>
    await withOrganisation(
      readonly.sql,
      { organisationId: red.organisationId, userId: red.userId },
      async (transaction) => await ask(transaction, fillIn(call, tenant)),
    )
  const readRows = async (): Promise<readonly string[]> =>
    await Promise.all([red, blue].map(async (tenant) => await readAllRows(admin, tenant)))
  for (const [signature, { call, answer, given }] of Object.entries(functionProbes)) {
    if (given !== undefined) await admin.unsafe(given)
    const before = await readRows()
    const answers = answersReadonly.includes(signature)
    assert.equal(await askAbout(call, blue), answers ? answer : '42501', signature)
    const own = await askAbout(call, red)
    if (answers) assert.notEqual(own, answer, `${signature} says the same of the own organisation`)
    else assert.equal(own, '42501', signature)
    assert.deepEqual(await readRows(), before, signature)
  }
})

test('the helpers of migrations are closed to every login, partitions and logins are for the worker', async (t) => {
  const { admin, app, worker, readonly } = await modelWithLogins(t)
  const functions = await readFunctions(admin)
  const refused: string[] = []
  for (const { signature, call, isTrigger, isForApp, isForWorker, isForReadonly } of functions) {
    const logins: readonly [Sql, boolean][] = [
      [app.sql, isForApp],
      [worker.sql, isForWorker],
      [readonly.sql, isForReadonly],
    ]
    for (const [sql, isAllowed] of logins) {
      if (isTrigger) await assert.rejects(sql.unsafe(call).execute(), sqlState('0A000'), signature)
      else if (!isAllowed) await assert.rejects(sql.unsafe(call).execute(), sqlState('42501'), signature)
    }
    assert.equal(isForApp, isForReadonly, signature)
    if (!isForApp) refused.push(isForWorker ? `${signature} worker` : signature)
  }
  assert.deepEqual(refused.toSorted(), [
    'iam.default_partition_rows() worker',
    'iam.drop_month_partitions(regclass, date) worker',
    'iam.ensure_constraint(regclass, name, text)',
    'iam.ensure_month_partitions(regclass, date, integer) worker',
    'iam.ensure_policy(regclass, name, text)',
    'iam.grant_schema(name, name[])',
    'iam.grant_table(regclass, boolean)',
    'iam.is_partitioned_by_id(regclass)',
    'iam.make_global_table(regclass)',
    'iam.make_tenant_table(regclass)',
    'iam.resolve_login(text, text) worker',
    'iam.revoke_schema(name)',
    'iam.secure_table(regclass)',
  ])
})
