import type { Config } from '../config/read-options.js'
import { SchemawayError } from '../errors/schemaway-error.js'
import { isBaselineRow, isMigrationRow } from '../history/history-row.js'
import type { LedgerRow } from '../history/ledger-entry.js'
import type { MigrationStatus } from '../history/migration-state.js'
import type { Module } from '../modules/define-module.js'
import { compareVersions, parseVersion, type Version } from '../scripts/version.js'
import { selectUntilTarget } from './plan-undo.js'

/** A version that is applied now. */
export type AppliedVersion = MigrationStatus & {
  readonly version: Version
  readonly row: NonNullable<MigrationStatus['row']>
}

/** Applied versions, newest first by rank. SCHEMA and BASELINE rows are not among them: they are never undone. */
export function appliedVersions(statuses: readonly MigrationStatus[]): readonly AppliedVersion[] {
  return statuses
    .filter(isAppliedVersion)
    .filter((one) => isMigrationRow(one.row) && one.row.success)
    .toSorted(newestFirst)
}

/** Baselines that are applied, newest first by rank. They stay whatever is undone. */
export function appliedBaselines(statuses: readonly MigrationStatus[]): readonly AppliedVersion[] {
  return statuses
    .filter(isAppliedVersion)
    .filter((one) => isBaselineRow(one.row) && one.row.success)
    .toSorted(newestFirst)
}

function isAppliedVersion(status: MigrationStatus): status is AppliedVersion {
  const { version, row, state } = status
  return version !== null && row !== null && state !== 'Deleted' && state !== 'Undone'
}

function newestFirst(a: AppliedVersion, b: AppliedVersion): number {
  return b.row.installedRank - a.row.installedRank
}

/**
 * The versions that a rollback undoes, newest first: by default the newest, else by `steps`, `to` or `run`, and for `undo()`
 * by `target`.
 *
 * @param candidates applied versions of the selected modules, newest first.
 * @param baselines may be named by `to` as well.
 * @throws SchemawayError `VERSION_NOT_APPLIED`.
 */
export function selectUndo(
  config: Pick<Config, 'steps' | 'to' | 'run'> & Partial<Pick<Config, 'command' | 'target'>>,
  candidates: readonly AppliedVersion[],
  baselines: readonly AppliedVersion[],
  ledger: readonly LedgerRow[],
): readonly AppliedVersion[] {
  if (config.command === 'undo') return selectUntilTarget(config.target ?? 'next', candidates)
  if (config.to === 'empty') return candidates
  if (config.to !== undefined) return selectNewerThan(config.to, candidates, baselines)
  if (config.run === 'last') return selectLastRun(candidates, ledger)
  return candidates.slice(0, config.steps ?? 1)
}

/**
 * Adds what links have at their other end. Nobody chose them, so they are no newest version of anybody's, and no step; but
 * one that was installed after a version that goes may stand on it, and goes before it.
 */
export function addAttachedLinks(
  undone: readonly AppliedVersion[],
  installed: readonly AppliedVersion[],
  links: readonly Pick<Module, 'name' | 'requires'>[],
): readonly AppliedVersion[] {
  const standsOnOne = (candidate: AppliedVersion): boolean =>
    links.some(
      ({ name, requires }) =>
        name === candidate.module &&
        undone.some(({ module, row }) => requires.includes(module) && row.installedRank < candidate.row.installedRank),
    )
  return [...undone, ...installed.filter(standsOnOne)].toSorted(newestFirst)
}

/** What was applied after a version, by rank: with `outOfOrder` that may be a lower version. */
function selectNewerThan(
  to: string,
  candidates: readonly AppliedVersion[],
  baselines: readonly AppliedVersion[],
): readonly AppliedVersion[] {
  const version = parseVersion(to)
  const isKept = (one: AppliedVersion): boolean => version !== null && compareVersions(one.version, version) === 0
  const kept = candidates.find(isKept) ?? baselines.find(isKept)
  if (kept !== undefined) return candidates.filter((one) => one.row.installedRank > kept.row.installedRank)
  const applied = candidates.map((one) => one.version.text)
  throw new SchemawayError(
    'VERSION_NOT_APPLIED',
    `rollback({ to: '${to}' }) cannot keep version ${to}: it is not applied in the selected modules. ` +
      (applied.length === 0
        ? 'No version is.'
        : `Applied are ${applied.slice(0, 10).join(', ')}${applied.length > 10 ? ', ...' : ''}; to undo all use to: 'empty'.`),
    { details: { version: version?.text ?? to } },
  )
}

function selectLastRun(candidates: readonly AppliedVersion[], ledger: readonly LedgerRow[]): readonly AppliedVersion[] {
  const ranks = new Map(candidates.map((one) => [one.script, one.row.installedRank]))
  const isStillApplied = (row: LedgerRow): boolean =>
    row.event === 'applied' && row.version !== null && ranks.get(row.script) === row.installedRank
  const run = ledger.findLast(isStillApplied)?.run
  const ofRun = new Set(ledger.filter((row) => row.run === run && isStillApplied(row)).map((row) => row.script))
  return candidates.filter((one) => ofRun.has(one.script))
}
