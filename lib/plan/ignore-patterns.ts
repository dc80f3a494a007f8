import type { MigrationState, MigrationStatus } from '../history/migration-state.js'
import { nearestName } from '../scripts/nearest-name.js'

// All that Flyway knows in a pattern.
const types = ['*', 'versioned', 'repeatable']
const states = ['*', 'missing', 'pending', 'ignored', 'future']

/**
 * Whether `ignoreMigrationPatterns` lets a migration pass. As with Flyway, `future` is not `Failed (Future)`, and
 * whatever has a version is versioned, also baselines.
 */
export function isIgnored(
  { version, state }: Pick<MigrationStatus, 'version' | 'state'>,
  patterns: readonly string[],
): boolean {
  return isMatched(version === null ? 'repeatable' : 'versioned', state, patterns)
}

/** Whether a state is let pass for versioned and repeatable migrations alike. */
export function isStateIgnored(state: 'Pending' | 'Future', patterns: readonly string[]): boolean {
  return isMatched('versioned', state, patterns) && isMatched('repeatable', state, patterns)
}

function isMatched(type: 'versioned' | 'repeatable', state: MigrationState, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => {
    const [ofType, ofState] = splitPattern(pattern)
    return (ofType === '*' || ofType === type) && (ofState === '*' || ofState === state.toLowerCase())
  })
}

/** Whether Flyway would take it: `<type>:<state>`, in any case. */
export function isPattern(pattern: string): boolean {
  const [type, state, ...rest] = splitPattern(pattern)
  return rest.length === 0 && types.some((one) => one === type) && states.some((one) => one === state)
}

/** Says what is wrong with a pattern that Flyway would not take, and which one was probably meant. */
export function explainPattern(pattern: string): string {
  const parts = splitPattern(pattern)
  const [type = '', state = ''] = parts.length === 1 ? ['*', ...parts] : parts
  const nearest = nearestName(state, states)
  return (
    `'${pattern}' is not <type>:<state> with a type of ${types.join(', ')} and a state of ${states.join(', ')}` +
    (nearest === null ? '' : `; did you mean '${nearestName(type, types) ?? '*'}:${nearest}'?`)
  )
}

/** Type and state of a pattern, or what stands in their places. */
function splitPattern(pattern: string): readonly string[] {
  return pattern.split(':').map((part) => part.trim().toLowerCase())
}
