import { nearestName } from '../scripts/nearest-name.js'
import { patternStates, patternTypes, splitPattern } from './ignore-patterns.js'

/** Says what is wrong with a pattern that Flyway would not take, and which one was probably meant. */
export function explainPattern(pattern: string): string {
  const parts = splitPattern(pattern)
  const [type = '', state = ''] = parts.length === 1 ? ['*', ...parts] : parts
  const nearest = nearestName(state, patternStates)
  return (
    `'${pattern}' is not <type>:<state> with a type of ${patternTypes.join(', ')} and a state of ${patternStates.join(', ')}` +
    (nearest === null ? '' : `; did you mean '${nearestName(type, patternTypes) ?? '*'}:${nearest}'?`)
  )
}
