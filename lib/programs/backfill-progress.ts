import type { HistoryPlace } from '../history/history-row.js'
import type { LedgerEntry } from '../history/ledger-entry.js'
import { quoteLiteral } from '../history/quote-sql.js'
import { isSameScript, type ModuleRequirements, type ScriptIdentity, standsOn } from '../history/script-progress.js'
import { locationsModule } from '../modules/select-modules.js'
import type { TableIdentity } from './backfill-key.js'

/** How far a backfill is. */
export interface BackfillProgress {
  /** Key of the last row that is done, as text. */
  readonly lastKey: readonly string[]
  /** Changed by all batches. */
  readonly rows: number
  readonly batches: number
}

/** What the ledger keeps of a batch, in the transaction of that batch. */
export interface BackfillDetails extends BackfillProgress {
  /** A program counts as one statement. */
  readonly statement: 1
  readonly of: 1
  readonly line: 1
  readonly backfill: string
  /** sha256 of what decides in which order which rows are done. */
  readonly definition: string
  readonly identity: TableIdentity
}

/** The latest batch of a backfill, and what came after it. */
export interface KnownBackfill {
  readonly details: BackfillDetails
  /** Of the file. */
  readonly sha256: string | null
  /** Script that was undone, dropped or cleaned away after it, and on which it may stand. */
  readonly overtakenBy: string | null
}

interface ProgressRow extends ScriptIdentity, Pick<LedgerEntry, 'event' | 'script' | 'sha256'> {
  /** Of a batch. */
  readonly details: BackfillDetails | null
}

/**
 * Asks for the latest batch of each backfill with a name in a module, and for the latest end of each script after that, as
 * one JSON text. Which of them are about the same script is left to {@link findBackfill}.
 */
export function readBackfillSql({ ledger }: HistoryPlace, module: string, name: string): string {
  const script = 'kind, version, description'
  return (
    `WITH batches AS (SELECT max(id) AS id FROM ${ledger} WHERE event = 'progressed' AND module = ${quoteLiteral(module)} ` +
    `AND details ->> 'backfill' = ${quoteLiteral(name)} GROUP BY ${script}), ` +
    `ends AS (SELECT max(id) AS id FROM ${ledger} WHERE id > (SELECT min(id) FROM batches) AND ` +
    "(event NOT IN ('started', 'progressed', 'failed', 'repaired') OR (event = 'repaired' AND details ->> 'unfinished' = 'restart')) " +
    `GROUP BY event, module, ${script}) ` +
    `SELECT coalesce(json_agg(json_build_object('event', event, 'module', module, 'kind', kind, 'version', version, 'description', ` +
    `description, 'script', script, 'sha256', sha256, 'details', CASE WHEN event = 'progressed' THEN details END) ORDER BY id), '[]')::text ` +
    `AS rows FROM ${ledger} WHERE id IN (SELECT id FROM batches UNION ALL SELECT id FROM ends)`
  )
}

/**
 * The latest batch of a backfill since its migration was last applied, undone, given up or cleaned away; null when there is none.
 *
 * @param text what {@link readBackfillSql} returned.
 * @param requires of the modules that are known now.
 */
export function findBackfill(
  text: string,
  script: ScriptIdentity & Pick<LedgerEntry, 'moduleRequires'>,
  requires: ModuleRequirements,
): KnownBackfill | null {
  const rows = JSON.parse(text) as readonly ProgressRow[]
  const latest = rows.findLastIndex(({ event, ...row }) => event === 'progressed' && isSameScript(row, script))
  const { details, sha256 = null } = rows[latest] ?? {}
  if (details == null) return null
  const later = rows.slice(latest + 1).filter(({ event }) => event !== 'progressed')
  const isEnd = (row: ProgressRow): boolean =>
    isSameScript(row, script) || (row.event === 'cleaned' && row.module === script.module)
  if (later.some(isEnd)) return null
  const overtaking = later.find((row) => takesAway(row) && mayStandOn(script, row.module, requires))
  return { details, sha256, overtakenBy: overtaking?.script ?? null }
}

function takesAway({ event }: ProgressRow): boolean {
  return event === 'undone' || event === 'dropped' || event === 'cleaned'
}

/** Scripts of no module may stand on any. */
function mayStandOn(
  { module, moduleRequires }: Pick<LedgerEntry, 'module' | 'moduleRequires'>,
  other: string,
  requires: ModuleRequirements,
): boolean {
  return (
    module === locationsModule || standsOn(module, new Set([other]), new Map([[module, moduleRequires], ...requires]))
  )
}
