import { SchemawayError } from '../errors/schemaway-error.js'
import { quoteIdentifier, quoteLiteral } from '../history/quote-sql.js'
import { bundled } from '../modules/bundled.js'
import { describeBlocker } from './blockers.js'
import type { Run } from './open-run.js'
import { type FailureFacts, retryTransaction, type Send } from './retry-transaction.js'
import type { ServerError } from './server-error.js'
import { isBlocked } from './statement-error.js'

/** From here on, the right to SET ROLE is told apart from membership. */
const versionWithSetOption = 160_000
const insufficientPrivilege = '42501'

/** A month's partition that was made. */
export interface CreatedPartition {
  /** Qualified name of the partitioned table, for example `iam.audit_logs`. */
  readonly table: string
  readonly partition: string
  /** Rows of that month that lay in the default partition until then. */
  readonly movedRows: number
}

/** A month's partition that retention dropped, with its rows. */
export interface DroppedPartition {
  readonly table: string
  readonly partition: string
}

/** Rows in a default partition: their month has no partition of its own. */
export interface DefaultPartitionRows {
  readonly table: string
  readonly partition: string
  readonly rows: number
  /** Times inside the lowest and the highest id, in ISO 8601. */
  readonly oldest: string
  readonly newest: string
}

/** The partitioned tables of the bundled modules, and how this login gets at them. */
export interface PartitionedTables {
  /** Whether the functions of iam are there. */
  readonly isInstalled: boolean
  /** Qualified names. */
  readonly tables: readonly string[]
  /** Role to switch to; null when the login may call the functions as it is. */
  readonly role: string | null
}

interface Found extends Omit<PartitionedTables, 'role'> {
  readonly mayCall: boolean
  readonly isOwner: boolean
  readonly isWorker: boolean
  readonly login: string
}

/**
 * Looks up the tables that the functions of iam look after: partitioned by RANGE (id) over uuids, and belonging to the
 * role whose rights those functions have. Asks the catalogue only, so nobody is waited for.
 *
 * @throws SchemawayError `MISSING_PRIVILEGE` with the GRANT, when the login has no way to call the functions.
 */
export async function findPartitionedTables(run: Run): Promise<PartitionedTables> {
  const { roles } = run.config
  const { login, mayCall, isOwner, isWorker, ...found } = await ask(run)
  if (!found.isInstalled || mayCall) return { ...found, role: null }
  const role = isOwner ? roles.owner : isWorker ? roles.worker : null
  if (role !== null) return { ...found, role }
  throw new SchemawayError(
    'MISSING_PRIVILEGE',
    `${login} may not look after the partitions in ${run.session.display}: it is a member neither of ${roles.owner} nor of ` +
      `${roles.worker}. Let an administrator run: GRANT ${quoteIdentifier(roles.worker)} TO ${quoteIdentifier(login)};`,
    { details: { server: run.session.display } },
  )
}

async function ask(run: Run): Promise<Found> {
  const { roles } = run.config
  const schemas = bundled.flatMap((module) => module.schemas).map(quoteLiteral)
  const isMember = (role: string): string =>
    `coalesce((SELECT pg_catalog.pg_has_role(session_user, r.oid, CASE WHEN ` +
    `current_setting('server_version_num')::int >= ${versionWithSetOption} THEN 'SET' ELSE 'MEMBER' END) ` +
    `FROM pg_catalog.pg_roles AS r WHERE r.rolname = ${quoteLiteral(role)}), false)`
  const [row] = await run.session.query<{ found: string }>(
    `SELECT json_build_object('login', session_user, 'isInstalled', count(f.oid) > 0, ` +
      `'mayCall', coalesce(bool_and(has_schema_privilege(f.pronamespace, 'USAGE') AND has_function_privilege(f.oid, 'EXECUTE')), false), ` +
      `'isOwner', ${isMember(roles.owner)}, 'isWorker', ${isMember(roles.worker)}, 'tables', ` +
      `(SELECT coalesce(json_agg(format('%I.%I', n.nspname, c.relname) ORDER BY n.nspname, c.relname), '[]') ` +
      `FROM pg_catalog.pg_partitioned_table AS t JOIN pg_catalog.pg_class AS c ON c.oid = t.partrelid ` +
      `JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace ` +
      `JOIN pg_catalog.pg_attribute AS a ON a.attrelid = t.partrelid AND a.attnum = t.partattrs[0] ` +
      `WHERE n.nspname IN (${schemas.join(', ')}) AND t.partstrat = 'r' AND t.partnatts = 1 AND a.attname = 'id' ` +
      `AND a.atttypid = 'pg_catalog.uuid'::regtype AND c.relowner = min(f.proowner)))::text AS found ` +
      `FROM pg_catalog.pg_proc AS f JOIN pg_catalog.pg_namespace AS i ON i.oid = f.pronamespace ` +
      `WHERE i.nspname = 'iam' AND f.proname = 'ensure_month_partitions'`,
  )
  if (row === undefined) throw new TypeError('the server returned no row')
  return JSON.parse(row.found) as Found
}

/** How the statements of one table are run. */
export interface UpkeepOptions {
  readonly role: string | null
  /** Further tries while another session holds a lock on the table. */
  readonly retries: number
}

/**
 * Gives a table the partitions of the current month and of the `partitionsAhead` months after it, in one transaction.
 * Where nothing is missing, no lock is waited for.
 *
 * @throws SchemawayError `STATEMENT_BLOCKED`, `MISSING_PRIVILEGE`, `STATEMENT_FAILED`, `ABORTED`, `CONNECTION_LOST`.
 */
export async function createPartitions(
  run: Run,
  table: string,
  options: UpkeepOptions,
): Promise<readonly CreatedPartition[]> {
  const created = await inTransaction(run, table, options, async (send) => {
    const before = await listPartitions(send, table)
    const months = run.config.partitionsAhead
    await send(`SELECT iam.ensure_month_partitions(${quoteLiteral(table)}, p_months => ${months})`)
    const made = (await listPartitions(send, table)).filter((partition) => !before.includes(partition))
    // What is in a partition that nobody else has seen yet was moved there.
    const counts: CreatedPartition[] = []
    for (const partition of made) counts.push({ table, partition, movedRows: await countRows(send, table, partition) })
    return counts
  })
  for (const one of created) run.emit({ type: 'partitionCreated', ...one })
  return created
}

/**
 * Drops the partitions of a table that end before the months that stay, in one transaction.
 *
 * @param months that stay before the current one.
 * @throws SchemawayError as {@link createPartitions}.
 */
export async function dropPartitions(
  run: Run,
  table: string,
  months: number,
  options: UpkeepOptions,
): Promise<readonly DroppedPartition[]> {
  const dropped = await inTransaction(run, table, options, async (send) => {
    const before = await listPartitions(send, table)
    const limit = `(date_trunc('month', now() AT TIME ZONE 'UTC') - make_interval(months => ${months}))::date`
    await send(`SELECT iam.drop_month_partitions(${quoteLiteral(table)}, ${limit})`)
    const after = await listPartitions(send, table)
    return before.filter((partition) => !after.includes(partition)).map((partition) => ({ table, partition }))
  })
  for (const one of dropped) run.emit({ type: 'partitionDropped', ...one })
  return dropped
}

/** Rows that still lie in default partitions, which is nothing to worry about but for the time that queries take. */
export async function readDefaultRows(
  run: Run,
  tables: readonly string[],
  options: UpkeepOptions,
): Promise<readonly DefaultPartitionRows[]> {
  const iso = (time: string): string => `to_char(${time} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`
  return await inTransaction(run, 'the default partitions', options, async (send) => {
    const { lastRows } = await send(
      `SELECT coalesce(json_agg(json_build_object('table', parent::text, 'partition', partition::text, 'rows', row_count, ` +
        `'oldest', ${iso('oldest')}, 'newest', ${iso('newest')})), '[]')::text AS rows FROM iam.default_partition_rows() ` +
        `WHERE parent::text IN (${tables.map(quoteLiteral).join(', ')})`,
    )
    return JSON.parse(String(lastRows[0]?.['rows'] ?? '[]')) as DefaultPartitionRows[]
  })
}

async function inTransaction<Result>(
  run: Run,
  subject: string,
  { role, retries }: UpkeepOptions,
  work: (send: Send) => Promise<Result>,
): Promise<Result> {
  const explain = (error: ServerError, facts: FailureFacts): SchemawayError => explainUpkeep(run, subject, error, facts)
  return await retryTransaction(run, { retries, doing: `looking after ${subject}`, explain }, async (send) => {
    await send(
      [
        ...(role === null ? [] : [`SET LOCAL ROLE ${quoteIdentifier(role)}`]),
        'SET LOCAL search_path = pg_catalog',
      ].join('; '),
    )
    return await work(send)
  })
}

async function listPartitions(send: Send, table: string): Promise<readonly string[]> {
  const { lastRows } = await send(
    `SELECT coalesce(json_agg(i.inhrelid::regclass::text ORDER BY i.inhrelid::regclass::text), '[]')::text AS names ` +
      `FROM pg_inherits AS i WHERE i.inhparent = ${quoteLiteral(table)}::regclass`,
  )
  return JSON.parse(String(lastRows[0]?.['names'] ?? '[]')) as string[]
}

/** Asks through the parent, since partitions are open to nobody but the owner. */
async function countRows(send: Send, table: string, partition: string): Promise<number> {
  const [, year, month] = /_y(\d{4})m(\d{2})$/.exec(partition) ?? []
  const first = `timestamptz '${year}-${month}-01 00:00:00+00'`
  const { lastRows } = await send(
    `SELECT count(*)::text AS rows FROM ${table} WHERE id >= iam.uuid_v7_floor(${first}) ` +
      `AND id < iam.uuid_v7_floor((${first} AT TIME ZONE 'UTC' + interval '1 month') AT TIME ZONE 'UTC')`,
  )
  return Number(lastRows[0]?.['rows'] ?? 0)
}

function explainUpkeep(
  { session, config }: Run,
  subject: string,
  error: ServerError,
  { blockers, attempts }: FailureFacts,
): SchemawayError {
  const details = {
    server: session.display,
    sqlState: error.sqlState,
    serverMessage: error.serverMessage,
    ...(error.detail !== null && { detail: error.detail }),
    ...(error.hint !== null && { hint: error.hint }),
    ...(blockers.length > 0 && { blockers }),
  }
  const nothing = `Nothing of it was changed, and rows without a partition of their own go on to the default partition.`
  if (isBlocked(error)) {
    const who =
      blockers.length === 0
        ? 'The session that held it was gone before it could be asked.'
        : `It waited for ${blockers.map(describeBlocker).join('; ')}.`
    return new SchemawayError(
      'STATEMENT_BLOCKED',
      `Looking after ${subject} did not get a lock within \`lockTimeout\` (${config.lockTimeout} ms) in ` +
        `${attempts === 1 ? 'its only attempt' : `any of ${attempts} attempts`}. ${who} ${nothing} Call maintain() when ` +
        'that session is done.',
      { details, cause: error },
    )
  }
  return new SchemawayError(
    error.sqlState === insufficientPrivilege ? 'MISSING_PRIVILEGE' : 'STATEMENT_FAILED',
    `Looking after ${subject}, ${session.display} answered ${error.sqlState} ${error.serverMessage}. ${nothing} ` +
      `${error.hint ?? 'Correct the cause, then call maintain().'}`,
    { details, cause: error },
  )
}
