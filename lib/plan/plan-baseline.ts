import type { Config } from '../config/read-options.js'
import { SchemawayError } from '../errors/schemaway-error.js'
import { type HistoryRow, isMigrationRow, shortenDescription, shortenScript } from '../history/history-row.js'
import type { NewHistoryRow } from '../history/history-table.js'
import { noUndo } from '../history/ledger-entry.js'
import { compareVersions, parseVersion } from '../scripts/version.js'
import type { LedgerDraft } from './plan.js'

/** Rows that are written together with the table itself, or into one that is there, without anything being run. */
export interface HistoryBeginning {
  readonly rows: readonly NewHistoryRow[]
  /** What the ledger says about each row. */
  readonly entries: readonly LedgerDraft[]
  /** When each row was applied, as SQL reads it; absent or null for now. */
  readonly appliedOn?: readonly (string | null)[]
}

/** The row of the baseline command, and what the ledger says about it. */
export function planBaseline(config: Config, rank: number): HistoryBeginning {
  const version = parseVersion(config.baselineVersion)?.text ?? config.baselineVersion
  const description = config.baselineDescription
  const entry: LedgerDraft = {
    event: 'baselined',
    module: '',
    moduleRequires: [],
    kind: 'baseline',
    version,
    description,
    script: shortenScript(description),
    installedRank: rank,
    checksum: null,
    sha256: null,
    ...noUndo,
    error: null,
    details: JSON.stringify({ schemas: schemasToBegin(config) }),
  }
  const row = { installedRank: rank, version, description, type: 'BASELINE', script: description, checksum: null }
  return { rows: [row], entries: [entry] }
}

/**
 * Whether a history that exists begins with this very baseline, so that there is nothing to do. As with Flyway, every
 * other history refuses a baseline: one with rows says already where the database stands.
 *
 * @throws SchemawayError `BASELINE_REFUSED`.
 */
export function refuseOtherBeginning(config: Config, rows: readonly HistoryRow[], history: string): void {
  const { baselineVersion, baselineDescription } = config
  // As with Flyway: the row of a created schema may come first.
  const marker = rows.slice(0, 2).find(({ type }) => type === 'BASELINE')
  if (marker !== undefined) {
    const [before, now] = [parseVersion(marker.version ?? ''), parseVersion(baselineVersion)]
    const isSameVersion = before !== null && now !== null && compareVersions(before, now) === 0
    if (isSameVersion && marker.description === shortenDescription(baselineDescription)) return
    throw refused(
      `${history} begins with the baseline ${marker.version} ("${marker.description}") already, so that it cannot get ` +
        `${baselineVersion} ("${baselineDescription}")`,
      'A baseline stays. Pass the same version and description, or write what is missing as a migration.',
      marker.version,
    )
  }
  const count = rows.filter(isMigrationRow).length
  if (count > 0) {
    throw refused(
      `${history} has ${count === 1 ? 'a migration' : `${count} migrations`} already, and a baseline is what a history ` +
        'begins with',
      'Run migrate(); what is applied without a row can be recorded with skipExecutingMigrations.',
      null,
    )
  }
  throw refused(
    `${history} exists already, and ${rows.length === 0 ? 'is empty' : 'has rows that are not migrations'}`,
    `To begin anew, look into it, then remove it: DROP TABLE ${history};`,
    null,
  )
}

function refused(what: string, next: string, version: string | null): SchemawayError {
  return new SchemawayError('BASELINE_REFUSED', `${what}. ${next} Nothing was changed.`, {
    details: version === null ? {} : { version },
  })
}

/**
 * The schemas that have to be empty where there is no history: what a folder of `locations` fills is the history schema,
 * what a module fills are its own. So other tables in `public` do not keep modules from being installed.
 */
export function schemasToBegin({ selection, historySchema }: Config): readonly string[] {
  const ofModules = selection.modules.flatMap((module) => module.schemas)
  return [...new Set(selection.locations.length > 0 ? [...ofModules, historySchema] : ofModules)]
}
