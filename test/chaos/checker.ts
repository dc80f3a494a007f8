import { createHash } from 'node:crypto'
import type { Sql } from 'postgres'
import type { LedgerRow, Snapshot } from './read-snapshot.js'

/** How far two databases have to be alike. */
export interface Comparison {
  /** Ranks differ where scripts were undone in between; the order of scripts does, too. */
  readonly isOrderFree: boolean
}

/**
 * Says in which a database differs from one that was migrated without faults. It shares no code with the library.
 *
 * @returns one line for each difference; none when the two are alike.
 */
export function findDivergences(found: Snapshot, reference: Snapshot, comparison: Comparison): readonly string[] {
  return [
    ...compareLists('catalogue', found.catalogue, reference.catalogue),
    ...compareLists('data', found.rows, reference.rows),
    ...compareHistories(found, reference, comparison),
    ...compareLists('ledger', describeStanding(found.ledger), describeStanding(reference.ledger)),
    ...findDamage(found),
  ]
}

/** What must be true of every database, whatever was done to it. */
export function findDamage({ catalogue, history, ledger }: Snapshot): readonly string[] {
  const leftOver = catalogue.filter((line) => /_ccnew|_ccold|^index .* valid f|^temporary/.test(line))
  const repeated = findRepeated(history.map(({ script }) => script))
  const ranks = history.map(({ rank }) => rank)
  return [
    ...leftOver.map((line) => `left over: ${line}`),
    ...repeated.map((script) => `history: ${script} stands there more than once`),
    ...history.filter(({ success }) => !success).map(({ script }) => `history: ${script} is marked as failed`),
    ...(new Set(ranks).size < ranks.length ? ['history: a rank stands there more than once'] : []),
    ...findBrokenChain(ledger),
    ...compareLists(
      'ledger against history',
      [...standing(ledger)].sort(),
      history
        .filter(({ type }) => type !== 'SCHEMA' && type !== 'BASELINE')
        .map(({ script }) => script)
        .sort(),
    ),
  ]
}

/** What other sessions have left; asked when nobody works in the database any more. */
export async function findLeftOvers(sql: Sql): Promise<readonly string[]> {
  const rows = await sql<{ text: string }[]>`
    SELECT 'advisory lock held by ' || pid AS text FROM pg_locks
      WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    UNION ALL SELECT concat_ws(' ', 'session', pid, application_name, state, left(query, 80)) FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
    UNION ALL SELECT 'prepared transaction ' || gid FROM pg_prepared_xacts WHERE database = current_database()`
  return rows.map(({ text }) => text)
}

function compareHistories(found: Snapshot, reference: Snapshot, { isOrderFree }: Comparison): readonly string[] {
  const describe = ({ history }: Snapshot): readonly string[] => {
    const lines = history.map(({ version, description, type, script, checksum, success }, index) =>
      [isOrderFree ? '' : index + 1, version, description, type, script, checksum, success].join(' | '),
    )
    return isOrderFree ? lines.sort() : lines
  }
  return compareLists('history', describe(found), describe(reference))
}

/**
 * What the ledger keeps of each script that is applied now. Left out is what differs from run to run: the run itself, the process, ids,
 * the chain, and the rank, which history has.
 */
function describeStanding(ledger: readonly LedgerRow[]): readonly string[] {
  const latest = new Map<string, LedgerRow>()
  for (const row of ledger) if (row.event === 'applied' || row.event === 'adopted') latest.set(row.script, row)
  return standing(ledger).map((script) => {
    const row = latest.get(script)
    if (row === undefined) return `${script} without a row`
    const { event, module, module_requires, kind, version, description, checksum, sha256 } = row
    const { undo_script, undo_text, placeholders, error, details, login, tool_version } = row
    return [
      [script, event, module, module_requires, kind, version, description].join(' | '),
      `checksum ${checksum} | sha256 ${sha256} | undo ${undo_script} ${digest(undo_text)} | placeholders ${placeholders.join(', ')}`,
      `error ${error} | details ${details} | ${login} | ${tool_version}`,
    ].join(' | ')
  })
}

function digest(text: string | null): string {
  return text === null ? 'without text' : `with text ${createHash('sha256').update(text).digest('hex').slice(0, 16)}`
}

/** Scripts that the ledger says are applied now. A repeatable may be applied again; what is applied of the others was undone before. */
function standing(ledger: readonly LedgerRow[]): readonly string[] {
  const applied: string[] = []
  for (const { event, script, version } of ledger) {
    const index = applied.indexOf(script)
    const isAgain = version === null && index >= 0
    if (isAgain && event === 'applied') continue
    if (event === 'applied' || event === 'adopted') applied.push(script)
    else if ((event === 'undone' || event === 'dropped') && index >= 0) applied.splice(index, 1)
    else if (event === 'undone') applied.push(`${script}, which was undone without having been applied`)
  }
  return applied
}

/** Each row's hash covers the one before it and all of its own columns but id and times. */
function findBrokenChain(ledger: readonly LedgerRow[]): readonly string[] {
  let before: string | null = null
  for (const row of ledger) {
    if (chainHash(before, row) !== row.hash) {
      return [`ledger: row ${row.id} (${row.event} ${row.script}) does not continue the chain`]
    }
    before = row.hash
  }
  return []
}

/** What the hash of a row has to be behind a row with this one. */
export function chainHash(before: string | null, row: LedgerRow): string {
  const values: unknown[] = [before, row.run_id, row.event, row.module, row.module_requires, row.kind, row.version]
  values.push(row.description, row.script, row.installed_rank, row.checksum, row.sha256, row.undo_script, row.undo_text)
  values.push(row.placeholders, row.error, row.login, row.client, row.tool_version)
  if (row.details !== null) values.push(row.details)
  return createHash('sha256').update(JSON.stringify(values)).digest('hex')
}

function findRepeated(items: readonly string[]): readonly string[] {
  return [...new Set(items.filter((item, index) => items.indexOf(item) !== index))]
}

/** Lists are compared with the number of times that a line occurs. */
function compareLists(what: string, found: readonly string[], reference: readonly string[]): readonly string[] {
  const counts = new Map<string, number>()
  for (const line of reference) counts.set(line, (counts.get(line) ?? 0) - 1)
  for (const line of found) counts.set(line, (counts.get(line) ?? 0) + 1)
  return [...counts].flatMap(([line, count]) =>
    count === 0 ? [] : [`${what}: ${count > 0 ? 'too much' : 'missing'} (${Math.abs(count)}): ${line.slice(0, 300)}`],
  )
}
