import { SchemawayError } from '../errors/schemaway-error.js'
import { compareVersions, parseVersion } from '../scripts/version.js'
import type { AppliedVersion } from './select-undo.js'

/** Flyway's words for a target that is no version; each of them undoes the newest version only. */
const newestOnly: ReadonlySet<string> = new Set(['next', 'current', 'latest'])

/**
 * What `undo()` undoes, by Flyway's rule: newest first by rank, the target included, until a version below it is met.
 *
 * @param target a version that is applied, or one with `?` behind it, or a word for the newest only.
 * @param candidates applied versions of the selected modules, newest first.
 * @throws SchemawayError `VERSION_NOT_APPLIED`.
 */
export function selectUntilTarget(target: string, candidates: readonly AppliedVersion[]): readonly AppliedVersion[] {
  if (newestOnly.has(target.toLowerCase())) return candidates.slice(0, 1)
  const mayBeMissing = target.endsWith('?')
  const version = parseVersion(mayBeMissing ? target.slice(0, -1) : target)
  const order = (one: AppliedVersion): number => (version === null ? 1 : compareVersions(one.version, version))
  if (version === null || (!mayBeMissing && !candidates.some((one) => order(one) === 0))) {
    const applied = candidates.map((one) => one.version.text)
    throw new SchemawayError(
      'VERSION_NOT_APPLIED',
      `undo({ target: '${target}' }) cannot undo version ${target}: it is not applied in the selected modules. ` +
        (applied.length === 0
          ? 'No version is.'
          : `Applied are ${applied.slice(0, 10).join(', ')}${applied.length > 10 ? ', ...' : ''}; write '${target}?' to undo ` +
            'whatever is not below it.'),
      { details: { version: target } },
    )
  }
  const below = candidates.findIndex((one) => order(one) < 0)
  return below === -1 ? candidates : candidates.slice(0, below)
}
