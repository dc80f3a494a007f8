import { compareVersions, parseVersion, type Target, type Version } from '../scripts/version.js'
import type { MigrationStatus } from './migration-state.js'

/** Which migrations a command considers. */
export interface Scope {
  readonly target: Target
  /** Versions, and descriptions of repeatables and versions, in the order in which they are to run. Empty: all. */
  readonly cherryPick: readonly string[]
}

interface Named {
  readonly version: Version | null
  readonly description: string
}

export const everything: Scope = { target: { kind: 'latest' }, cherryPick: [] }

/** `next` is left to {@link stopAtNext}, since it depends on what is pending. */
export function isAboveTarget(version: Version, { target }: Scope, highestApplied: Version | null): boolean {
  if (target.kind === 'version') return compareVersions(version, target.version) > 0
  return target.kind === 'current' && (highestApplied === null || compareVersions(version, highestApplied) > 0)
}

/** The place of a migration in `cherryPick`, from 0, or null when it was not picked. */
export function pickOf({ version, description }: Named, cherryPick: readonly string[]): number | null {
  const index = cherryPick.findIndex((pick) => {
    const picked = parseVersion(pick)
    const isVersion = picked !== null && version !== null && compareVersions(picked, version) === 0
    return isVersion || pick.replaceAll('_', ' ') === description
  })
  return index === -1 ? null : index
}

/** Whether there are picks, and it is none of them. */
export function isLeftOut(migration: Named, { cherryPick }: Pick<Scope, 'cherryPick'>): boolean {
  return cherryPick.length > 0 && pickOf(migration, cherryPick) === null
}

/** With the target `next`, what comes after the first pending version is above it. Repeatables never are. */
export function stopAtNext(unapplied: readonly MigrationStatus[], { target }: Scope): readonly MigrationStatus[] {
  const next = target.kind === 'next' ? unapplied.find(({ state }) => state === 'Pending')?.version : null
  if (next == null) return unapplied
  return unapplied.map((status) => {
    const { state, version } = status
    const isAfter = version !== null && compareVersions(version, next) > 0
    return isAfter && (state === 'Pending' || state === 'Ignored') ? { ...status, state: 'Above Target' } : status
  })
}

/** What `target` or `cherryPick` asks for and no migration has. */
export function findUnknown({ target, cherryPick }: Scope, migrations: readonly Named[]): readonly string[] {
  const isUnknownTarget =
    target.kind === 'version' &&
    target.mustExist &&
    !migrations.some(({ version }) => version !== null && compareVersions(version, target.version) === 0)
  const unknownPicks = cherryPick.filter((pick) => migrations.every((one) => pickOf(one, [pick]) === null))
  return isUnknownTarget ? [target.version.text, ...unknownPicks] : unknownPicks
}
