import { compareVersions, parseVersion } from '../scripts/version.js'
import type { HistoryPlace } from './history-row.js'
import type { LedgerEntry, LedgerEvent } from './ledger-entry.js'

/** What a row of the ledger says of its migration. */
type MigrationOfLedger = Pick<LedgerEntry, 'module' | 'moduleRequires' | 'kind' | 'version' | 'description' | 'script'>

/** A row of the ledger, as far as it tells about scripts that are not finished. */
export interface ProgressRow extends MigrationOfLedger {
  readonly event: LedgerEvent
  readonly run: string
  /** Of the statements in the file, for `started` and `progressed`. */
  readonly sha256: string | null
  readonly details: UnitDetails | SettledDetails | ChangedSession | null
  /** Of a `failed`: whether a statement failed, and not something around it. */
  readonly isOfStatement: boolean
}

/** What a mark before a statement, and the record behind it, keep for the run after them. */
export interface UnitDetails {
  readonly statement: number
  readonly of: number
  readonly line: number
  /** A few digits of a hash of what was sent, with this run's placeholders and search path. */
  readonly sent?: string
  readonly index?: IndexMark
  /** Name of the backfill of which this is the latest batch. */
  readonly backfill?: string
}

/** What a statement changed in its session, which another session cannot change again by itself. */
export interface ChangedSession {
  /** Settings by name, or what else it is. */
  readonly changed: readonly string[]
  /** Number of the statement, from 1. */
  readonly behind: number
}

/** Of a `repaired`: what was made of a script that was not finished. */
export interface SettledDetails {
  readonly unfinished: 'completed' | 'repeat' | 'restart'
}

/** What there was before a statement with CONCURRENTLY, so that what it leaves behind is told from what is others'. */
export interface IndexMark {
  readonly kind: 'create' | 'reindex' | 'drop'
  /** Oid of the table; null when none was named, or there was none. */
  readonly table: string | null
  /** Oid of the schema that a REINDEX SCHEMA names. */
  readonly schema: string | null
  /** A REINDEX DATABASE or SYSTEM. */
  readonly isOfDatabase?: true
  /** Of an index that is created: a few digits of a salted sha256 of its name, which may hold a placeholder's value. */
  readonly nameHash: string | null
  readonly salt?: string
  /** Oid of the index that the name stood for; null when there was none. */
  readonly index: string | null
  /** Oids of those that were invalid already. */
  readonly invalidBefore: readonly string[]
}

/** A script outside a transaction that an earlier run did not finish. */
export interface UnfinishedScript extends MigrationOfLedger {
  readonly progress: ScriptProgress
}

/** How far a script came that runs outside a transaction. */
export interface ScriptProgress {
  /** What is done, in order. */
  readonly done: readonly DoneUnit[]
  /** The unit after them was begun. Null when it was not. */
  readonly begun: BegunUnit | null
  /** Script of the same module, or of one that it requires, that was undone after this one had begun. */
  readonly overtakenBy: string | null
  /** What only the session knew that did the latest unit which changed it so. */
  readonly session: ChangedSession | null
}

type Mutable<Type> = { -readonly [Key in keyof Type]: Type[Key] }
/** Grows row by row: copied for each, it would take time by the square of them. */
type GrowingProgress = Mutable<Omit<ScriptProgress, 'done'>> & { readonly done: DoneUnit[] }
interface OpenScript extends UnfinishedScript {
  readonly progress: GrowingProgress
}

export interface DoneUnit {
  /** sha256 of its statements in the file. */
  readonly sha256: string
  readonly run: string
  readonly details: UnitDetails | null
}

export interface BegunUnit extends DoneUnit {
  /** Whether its latest attempt ended with an error. Otherwise nobody knows whether it was completed. */
  readonly hasFailed: boolean
}

/** Of a script that has not begun. */
export const noProgress: ScriptProgress = { done: [], begun: null, overtakenBy: null, session: null }

/**
 * What has happened since the oldest script that may be unfinished has begun, as one JSON text. Of the batches of backfills, which
 * may be many, the latest one of each script.
 */
export function readProgressSql(place: HistoryPlace): string {
  const { ledger } = place
  const ends = (key: 'script' | 'version'): string =>
    `(SELECT a.module, a.${key}, max(a.id) AS id FROM ${ledger} AS a WHERE a.event = 'applied' OR (a.event = 'repaired' AND ` +
    `a.details ->> 'unfinished' = 'restart') GROUP BY 1, 2)`
  const latestBatches =
    `SELECT max(b.id) FROM ${ledger} AS b WHERE b.event = 'progressed' AND b.details ->> 'backfill' IS NOT NULL ` +
    'GROUP BY b.module, b.kind, b.version, b.description'
  return (
    `SELECT coalesce(json_agg(json_build_object('event', l.event, 'run', l.run_id, 'module', l.module, 'moduleRequires', ` +
    `l.module_requires, 'kind', l.kind, 'version', l.version, 'description', l.description, 'script', l.script, 'sha256', ` +
    `l.sha256, 'details', CASE WHEN l.event IN ('started', 'progressed', 'repaired') THEN l.details END, 'isOfStatement', ` +
    `l.error ->> 'line' IS NOT NULL) ORDER BY l.id), '[]')::text AS rows FROM ${ledger} AS l WHERE l.id >= (` +
    `SELECT min(s.id) FROM ${ledger} AS s LEFT JOIN ${ends('script')} AS e ON e.module = s.module AND e.script = s.script ` +
    `LEFT JOIN ${ends('version')} AS v ON v.module = s.module AND v.version = s.version WHERE s.event IN ('started', 'progressed') ` +
    `AND s.id > coalesce(e.id, 0) AND s.id > coalesce(v.id, 0)) ` +
    `AND (l.event <> 'progressed' OR l.details ->> 'backfill' IS NULL OR l.id IN (${latestBatches}))`
  )
}

/** A script of history or ledger: a version of a module, or a repeatable by its description, wherever its file lies. */
export type ScriptIdentity = Pick<ProgressRow, 'module' | 'kind' | 'version' | 'description'>

/** Whether two name the same migration. */
export function isSameScript(one: ScriptIdentity, other: ScriptIdentity): boolean {
  if (one.module !== other.module || one.kind !== other.kind) return false
  if (one.version === null || other.version === null) {
    return one.version === other.version && one.description === other.description
  }
  const [first, second] = [parseVersion(one.version), parseVersion(other.version)]
  return first !== null && second !== null && compareVersions(first, second) === 0
}

/** Names of the modules that a module requires, by its name. */
export type ModuleRequirements = ReadonlyMap<string, readonly string[]>

/** Whether a module is one of others, or stands on one of them, over any number of steps. */
export function standsOn(
  module: string,
  others: ReadonlySet<string>,
  requires: ModuleRequirements,
  seen: ReadonlySet<string> = new Set(),
): boolean {
  if (others.has(module)) return true
  const open = (requires.get(module) ?? []).filter((name) => !seen.has(name))
  return open.some((name) => standsOn(name, others, requires, new Set([...seen, module])))
}

/**
 * @param rows oldest first.
 * @param requires of the modules that are known now; those of a row count for its own module.
 */
export function findUnfinished(
  rows: readonly ProgressRow[],
  requires: ModuleRequirements = new Map(),
): readonly UnfinishedScript[] {
  let open: readonly OpenScript[] = []
  for (const row of rows) {
    if (isOfAnotherKind(row)) continue
    const known = open.find((one) => isSameScript(one, row))
    if (known === undefined && row.event === 'failed') continue
    const others = open.filter((one) => one !== known)
    const progress = known?.progress ?? { ...noProgress, done: [] }
    if (continueProgress(progress, row)) open = [...others, describe(row, progress)]
    else if (row.event === 'cleaned') {
      open = open.filter(({ module }) => module !== row.module)
      for (const one of open) overtake(one, row, requires)
    } else {
      open = others
      if (row.event === 'undone') for (const one of others) overtake(one, row, requires)
    }
  }
  return open.filter(({ progress }) => progress.done.length > 0 || progress.begun !== null)
}

/** Marks and records without the number of a statement, which nothing here wrote. A batch of a backfill counts as statement 1. */
function isOfAnotherKind({ event, details }: ProgressRow): boolean {
  const isProgress = event === 'started' || event === 'progressed'
  return isProgress && (details === null || !('statement' in details || 'changed' in details))
}

/** False when the row ends what was known of its script. */
function continueProgress(progress: GrowingProgress, row: ProgressRow): boolean {
  const { begun } = progress
  switch (row.event) {
    case 'progressed':
      if (row.details !== null && 'changed' in row.details) {
        progress.session = row.details
        return true
      }
      progress.done.push(unitOf(row))
      progress.begun = null
      return true
    case 'started':
      progress.begun = { ...unitOf(row), hasFailed: false }
      return true
    case 'failed':
      if (begun !== null) progress.begun = { ...begun, hasFailed: begun.hasFailed || row.isOfStatement }
      return true
    case 'repaired':
      if (saidOf(row) === 'restart') return false
      if (saidOf(row) === 'repeat' && begun !== null) progress.begun = { ...begun, hasFailed: true }
      return true
    case 'applied':
    case 'adopted':
    case 'undone':
    case 'dropped':
    case 'baselined':
    case 'cleaned':
      return false
    default:
      return row.event satisfies never
  }
}

/** What people said of the script; nothing where a repair changed its row of history. */
function saidOf({ details }: ProgressRow): SettledDetails['unfinished'] | null {
  return details !== null && 'unfinished' in details ? details.unfinished : null
}

function unitOf({ sha256, run, details }: ProgressRow): DoneUnit {
  return { sha256: sha256 ?? '', run, details: details !== null && 'statement' in details ? details : null }
}

function describe(row: ProgressRow, progress: GrowingProgress): OpenScript {
  const { module, moduleRequires, kind, version, description, script } = row
  return { module, moduleRequires, kind, version, description, script, progress }
}

/** What was undone may have taken along what the script did. Scripts of no module may stand on any. */
function overtake(one: OpenScript, { module, script }: ProgressRow, requires: ModuleRequirements): void {
  const known = requires.has(one.module) ? requires : new Map([...requires, [one.module, one.moduleRequires]])
  if (one.module !== '' && !standsOn(one.module, new Set([module]), known)) return
  one.progress.overtakenBy = script
}
