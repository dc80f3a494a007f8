import { type CreatedPartition, type DroppedPartition, SchemawayError } from '../errors/schemaway-error.js'
import { quoteIdentifier, quoteLiteral, withOwnNames } from '../history/quote-sql.js'
import { bundled } from '../modules/bundled.js'
import { describeBlockers } from './blockers.js'
import type { Run } from './open-run.js'
import { type FailureFacts, retryMessage } from './retry-transaction.js'
import { rightToSetRole } from './right-to-set-role.js'
import { queryCanceled, type ServerError } from './server-error.js'
import { isBlocked } from './statement-error.js'
import { detailsOf } from './translate-error.js'

const insufficientPrivilege = '42501'
/**
 * In milliseconds, half of PostgreSQL's default `deadlock_timeout`. A partition locks the tables that its parent's keys lead
 * to as well, so it can meet an application in a deadlock, of which whoever looks first is the victim: give way before.
 */
const longestLockWait = 500

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
interface PartitionedTables {
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
    `coalesce((SELECT pg_catalog.pg_has_role(session_user, r.oid, ${rightToSetRole}) ` +
    `FROM pg_catalog.pg_roles AS r WHERE r.rolname = ${quoteLiteral(role)}), false)`
  const [row] = await run.session.query<{ found: string }>(
    withOwnNames(
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
    ),
  )
  if (row === undefined) throw new TypeError('the server returned no row')
  return JSON.parse(row.found) as Found
}

/** How the statements of one table are run. */
export interface UpkeepOptions {
  readonly role: string | null
  /** Further tries while another session holds a lock on the table. */
  readonly retries: number
  /** Milliseconds after which a statement is given up, in place of a longer `statementTimeout`; null leaves that alone. */
  readonly longestStatement: number | null
}

/**
 * Gives a table the partitions of the current month and of the `partitionsAhead` months after it, in one transaction.
 * Where nothing is missing, no lock on the table is waited for. Otherwise the table is locked for as long as the rows of these
 * months take to move out of the default partition.
 *
 * @throws SchemawayError `STATEMENT_BLOCKED`, `MISSING_PRIVILEGE`, `STATEMENT_FAILED`, `ABORTED`, `CONNECTION_LOST`.
 */
export async function createPartitions(
  run: Run,
  table: string,
  options: UpkeepOptions,
): Promise<readonly CreatedPartition[]> {
  return await create(run, table, `p_months => ${run.config.partitionsAhead}`, options)
}

/**
 * Gives a table the partition of one month, as {@link createPartitions}.
 *
 * @param month its first day.
 */
export async function createPartition(
  run: Run,
  table: string,
  month: string,
  options: UpkeepOptions,
): Promise<readonly CreatedPartition[]> {
  return await create(run, table, `p_from => ${quoteLiteral(month)}, p_months => 0`, options)
}

async function create(
  run: Run,
  table: string,
  months: string,
  options: UpkeepOptions,
): Promise<readonly CreatedPartition[]> {
  const bound = (word: string): string =>
    `substring(pg_get_expr(c.relpartbound, c.oid) FROM '${word} \\(''([^'']+)''\\)')::uuid`
  const created = await inOneMessage<CreatedPartition>(run, table, options, [
    rememberPartitions(table),
    `SELECT iam.ensure_month_partitions(${quoteLiteral(table)}, ${months})`,
    // What is in a partition that nobody else has seen yet was moved there. Asked through the parent, since partitions are
    // open to nobody but the owner; the bounds leave the others unread. OFFSET 0 has them computed once, not for each row.
    `SELECT coalesce(json_agg(json_build_object('table', ${quoteLiteral(table)}, 'partition', p.name, 'movedRows', ` +
      `(SELECT count(*) FROM ${table} AS r WHERE r.id >= p.lowest AND r.id < p.next)) ORDER BY p.name), '[]')::text AS result ` +
      `FROM (SELECT c.oid::regclass::text AS name, ${bound('FROM')} AS lowest, ${bound('TO')} AS next ` +
      `FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid ` +
      `WHERE i.inhparent = ${quoteLiteral(table)}::regclass AND c.oid::regclass::text <> ALL (${rememberedPartitions}) OFFSET 0) AS p`,
  ])
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
  const limit = `(date_trunc('month', now() AT TIME ZONE 'UTC') - make_interval(months => ${months}))::date`
  const dropped = await inOneMessage<DroppedPartition>(run, table, options, [
    rememberPartitions(table),
    `SELECT iam.drop_month_partitions(${quoteLiteral(table)}, ${limit})`,
    `SELECT coalesce(json_agg(json_build_object('table', ${quoteLiteral(table)}, 'partition', p.name) ORDER BY p.name), '[]')::text ` +
      `AS result FROM unnest(${rememberedPartitions}) AS p (name) WHERE p.name <> ALL (${partitionNames(table)})`,
  ])
  for (const one of dropped) run.emit({ type: 'partitionDropped', ...one })
  return dropped
}

/**
 * Months before the current one that have rows and no partition: nobody made it in time. First day of each, oldest first.
 *
 * Only the default partition is read, since the query names just those ranges of ids that no partition has. Ids below the
 * lowest version-7 uuid are left out: they belong to no month.
 *
 * @throws SchemawayError as {@link createPartitions}.
 */
export async function findMissedMonths(run: Run, table: string, options: UpkeepOptions): Promise<readonly string[]> {
  const bounds = `regexp_match(pg_get_expr(c.relpartbound, c.oid), 'FROM \\((?:''([^'']+)''|MINVALUE)\\) TO \\((?:''([^'']+)''|MAXVALUE)\\)')`
  const floor = (time: string): string => `iam.uuid_v7_floor(${time})`
  const [places] = await inOneMessage<{
    lowest: string
    current: string
    taken: readonly TakenRange[]
  }>(run, table, options, [
    `SELECT json_build_array(json_build_object('lowest', ${floor(`'1970-01-01 00:00:00+00'`)}, ` +
      `'current', ${floor(`date_trunc('month', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'`)}, 'taken', ` +
      `(SELECT coalesce(json_agg(b.pair ORDER BY b.pair[1]::uuid NULLS FIRST), '[]') FROM (SELECT ${bounds} AS pair ` +
      `FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid ` +
      `WHERE i.inhparent = ${quoteLiteral(table)}::regclass) AS b WHERE b.pair IS NOT NULL)))::text AS result`,
  ])
  if (places === undefined) throw new TypeError('the server returned no row')
  const gaps = findGaps(places.lowest, places.current, places.taken)
  if (gaps.length === 0) return []
  const conditions = gaps.map(([from, to]) => `(id >= ${quoteLiteral(from)} AND id < ${quoteLiteral(to)})`)
  const months = await inOneMessage<string>(run, table, options, [
    `SELECT coalesce(json_agg(DISTINCT to_char(iam.uuid_v7_time(id) AT TIME ZONE 'UTC', 'YYYY-MM"-01"')), '[]')::text AS result ` +
      `FROM ${table} WHERE ${conditions.join(' OR ')}`,
  ])
  return months.toSorted()
}

/** Lower and upper bound of a partition; null is MINVALUE or MAXVALUE, as somebody's own archive may have. */
type TakenRange = readonly [from: string | null, to: string | null]

/** The parts of a range of ids that are not taken. Ids in lower case compare as text as they do in the server. */
function findGaps(
  lowest: string,
  end: string,
  taken: readonly TakenRange[],
): readonly (readonly [from: string, to: string])[] {
  const gaps: [from: string, to: string][] = []
  let reached = lowest
  for (const [from, to] of taken) {
    if (from !== null && from > reached && reached < end) gaps.push([reached, from < end ? from : end])
    if (to === null) return gaps
    if (to > reached) reached = to
  }
  return reached < end ? [...gaps, [reached, end]] : gaps
}

/** Rows that still lie in default partitions, which is nothing to worry about but for the time that queries take. */
export async function readDefaultRows(
  run: Run,
  tables: readonly string[],
  options: UpkeepOptions,
): Promise<readonly DefaultPartitionRows[]> {
  if (tables.length === 0) return []
  const iso = (time: string): string => `to_char(${time} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`
  return await inOneMessage<DefaultPartitionRows>(run, 'the default partitions', options, [
    `SELECT coalesce(json_agg(json_build_object('table', parent::text, 'partition', partition::text, 'rows', row_count, ` +
      `'oldest', ${iso('oldest')}, 'newest', ${iso('newest')})), '[]')::text AS result FROM iam.default_partition_rows() ` +
      `WHERE parent::text IN (${tables.map(quoteLiteral).join(', ')})`,
  ])
}

/**
 * Runs statements in a transaction that is one message, so that a lock which keeps everybody from writing the table is never
 * held while the server waits for this process. The last of them returns one row: a list in JSON, as `result`.
 */
async function inOneMessage<Item>(
  run: Run,
  subject: string,
  { role, retries, longestStatement }: UpkeepOptions,
  statements: readonly string[],
): Promise<readonly Item[]> {
  const lockTimeout = lockTimeoutOf(run)
  const own = run.config.statementTimeout
  const timeout = longestStatement === null || (own > 0 && own < longestStatement) ? null : longestStatement
  const explain = (error: ServerError, facts: FailureFacts): SchemawayError =>
    explainUpkeep(run, subject, error, { ...facts, timeout })
  const rows = await retryMessage(run, { lockTimeout, retries, doing: `looking after ${subject}`, explain }, [
    ...(role === null ? [] : [`SET LOCAL ROLE ${quoteIdentifier(role)}`]),
    'SET LOCAL search_path = pg_catalog',
    `SET LOCAL lock_timeout = ${lockTimeout}`,
    ...(timeout === null ? [] : [`SET LOCAL statement_timeout = ${timeout}`]),
    ...statements,
  ])
  return JSON.parse(String(rows[0]?.['result'] ?? '[]')) as Item[]
}

/** Milliseconds; the caller's, where that is shorter. */
function lockTimeoutOf({ config: { lockTimeout } }: Run): number {
  return lockTimeout === 0 ? longestLockWait : Math.min(lockTimeout, longestLockWait)
}

function partitionNames(table: string): string {
  return `ARRAY(SELECT i.inhrelid::regclass::text FROM pg_inherits AS i WHERE i.inhparent = ${quoteLiteral(table)}::regclass)`
}

/** Keeps the names for a later statement of the message: a setting that ends with the transaction. */
function rememberPartitions(table: string): string {
  return `SELECT set_config('schemaway.partitions', ${partitionNames(table)}::text, true)`
}

const rememberedPartitions = `current_setting('schemaway.partitions')::text[]`

function explainUpkeep(
  run: Run,
  subject: string,
  error: ServerError,
  { blockers, attempts, timeout }: FailureFacts & { readonly timeout: number | null },
): SchemawayError {
  const { session, config } = run
  const details = {
    ...detailsOf(error, session.display),
    ...(blockers.length > 0 && { blockers }),
  }
  const nothing = `Nothing of it was changed, and rows without a partition of their own go on to the default partition.`
  if (isBlocked(error)) {
    return new SchemawayError(
      'STATEMENT_BLOCKED',
      `Looking after ${subject} did not get a lock within ${lockTimeoutOf(run)} ms in ` +
        `${attempts === 1 ? 'its only attempt' : `any of ${attempts} attempts`}. ${describeBlockers(blockers)} ` +
        `${nothing} Call maintain() when that session is done.`,
      { details, cause: error },
    )
  }
  if (error.sqlState === queryCanceled) {
    const [limit, next] =
      timeout !== null
        ? [
            ` After migrate() a statement may take ${timeout} ms, since nobody can write the table meanwhile.`,
            'Call maintain() when the table is little used: it takes its time.',
          ]
        : config.statementTimeout > 0
          ? [` \`statementTimeout\` is ${config.statementTimeout} ms.`, 'Call maintain() with a longer one.']
          : ['', 'Call maintain() again.']
    const who = blockers.length === 0 ? '' : ` ${describeBlockers(blockers)}`
    return new SchemawayError(
      'STATEMENT_FAILED',
      `Looking after ${subject} was given up: ${session.display} answered ${error.sqlState} ${error.serverMessage}.${limit}${who} ` +
        `${nothing} ${next}`,
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
