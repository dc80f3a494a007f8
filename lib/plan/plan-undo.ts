import { SchemawayError } from '../errors/schemaway-error.js'
import { compareVersions, parseTarget } from '../scripts/version.js'
import type { AppliedVersion } from './select-undo.js'

/**
 * What `undo()` undoes, by Flyway's rule: newest first by rank, the target included, until a version below it is met. Each of
 * Flyway's words undoes the newest version only.
 *
 * @param text a version that is applied, or one with `?` behind it, or a word.
 * @param candidates applied versions of the selected modules, newest first.
 * @throws SchemawayError `VERSION_NOT_APPLIED`.
 */
export function selectUntilTarget(text: string, candidates: readonly AppliedVersion[]): readonly AppliedVersion[] {
  const target = parseTarget(text)
  if (target?.kind !== 'version') return candidates.slice(0, 1)
  const { version, mustExist } = target
  const order = (one: AppliedVersion): number => compareVersions(one.version, version)
  if (mustExist && !candidates.some((one) => order(one) === 0)) {
    const applied = candidates.map((one) => one.version.text)
    throw new SchemawayError(
      'VERSION_NOT_APPLIED',
      `undo({ target: '${text}' }) cannot undo version ${version.text}: it is not applied in the selected modules. ` +
        (applied.length === 0
          ? 'No version is.'
          : `Applied are ${applied.slice(0, 10).join(', ')}${applied.length > 10 ? ', ...' : ''}; write '${text}?' to undo ` +
            'whatever is not below it.'),
      { details: { version: version.text } },
    )
  }
  const below = candidates.findIndex((one) => order(one) < 0)
  return below === -1 ? candidates : candidates.slice(0, below)
}
