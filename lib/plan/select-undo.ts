import type { Config } from '../config/read-options.js'
import { SchemawayError } from '../errors/schemaway-error.js'
import type { LedgerRow } from '../history/ledger-entry.js'
import type { MigrationStatus } from '../history/migration-state.js'
import { compareVersions, parseVersion, type Version } from '../scripts/version.js'

/** A version that is applied now. */
export type AppliedVersion = MigrationStatus & {
  readonly version: Version
  readonly row: NonNullable<MigrationStatus['row']>
}

/** Applied versions, newest first by rank. SCHEMA and BASELINE rows are not among them: they are never undone. */
export function appliedVersions(statuses: readonly MigrationStatus[]): readonly AppliedVersion[] {
  return statuses.filter(isAppliedVersion).toSorted((a, b) => b.row.installedRank - a.row.installedRank)
}

function isAppliedVersion(status: MigrationStatus): status is AppliedVersion {
  return (
    status.version !== null &&
    status.row !== null &&
    status.row.success &&
    status.state !== 'Deleted' &&
    status.state !== 'Undone' &&
    status.state !== 'Baseline' &&
    status.row.type !== 'DELETE' &&
    !status.row.type.startsWith('UNDO_')
  )
}

/**
 * The versions that a rollback undoes, newest first: by default the newest, else by `steps`, `to` or `run`.
 *
 * @param candidates applied versions of the selected modules, newest first.
 * @throws SchemawayError `VERSION_NOT_APPLIED`, `INVALID_OPTIONS`.
 */
export function selectUndo(
  config: Config,
  candidates: readonly AppliedVersion[],
  ledger: readonly LedgerRow[],
): readonly AppliedVersion[] {
  if (config.to === 'empty') return candidates
  if (config.to !== undefined) return selectNewerThan(config.to, candidates)
  if (config.run === 'last') return selectLastRun(candidates, ledger)
  return candidates.slice(0, config.steps ?? 1)
}

function selectNewerThan(to: string, candidates: readonly AppliedVersion[]): readonly AppliedVersion[] {
  const version = parseVersion(to)
  if (version === null) {
    throw new SchemawayError(
      'INVALID_OPTIONS',
      `The options cannot be used: \`to\` is neither a version such as '20260105.110200' nor 'empty', but '${to}'.`,
      { details: { option: 'to' } },
    )
  }
  const kept = candidates.findIndex((one) => compareVersions(one.version, version) === 0)
  if (kept >= 0) return candidates.slice(0, kept)
  const applied = candidates.map((one) => one.version.text)
  throw new SchemawayError(
    'VERSION_NOT_APPLIED',
    `rollback({ to: '${to}' }) cannot keep version ${version.text}: it is not applied in the selected modules. ` +
      (applied.length === 0
        ? 'No version is.'
        : `Applied are ${applied.slice(0, 10).join(', ')}${applied.length > 10 ? ', ...' : ''}; to undo all use to: 'empty'.`),
    { details: { version: version.text } },
  )
}

function selectLastRun(candidates: readonly AppliedVersion[], ledger: readonly LedgerRow[]): readonly AppliedVersion[] {
  const scripts = new Map(candidates.map((one) => [one.script, one.row.installedRank]))
  const isStillApplied = (row: LedgerRow): boolean =>
    row.event === 'applied' && row.version !== null && scripts.get(row.script) === row.installedRank
  const run = ledger.findLast(isStillApplied)?.run
  const ofRun = new Set(ledger.filter((row) => row.run === run && isStillApplied(row)).map((row) => row.script))
  return candidates.filter((one) => ofRun.has(one.script))
}
