// All that Flyway knows in a pattern.
export const patternTypes = ['*', 'versioned', 'repeatable']
export const patternStates = ['*', 'missing', 'pending', 'ignored', 'future']

/**
 * Whether `ignoreMigrationPatterns` lets a migration pass. As with Flyway, `future` is not `Failed (Future)`, and
 * whatever has a version is versioned, also baselines.
 */
export function isIgnored(
  { version, state }: { readonly version: object | null; readonly state: string },
  patterns: readonly string[],
): boolean {
  return isMatched(version === null ? 'repeatable' : 'versioned', state, patterns)
}

/** Whether a state is let pass for versioned and repeatable migrations alike. */
export function isStateIgnored(state: 'Pending' | 'Future', patterns: readonly string[]): boolean {
  return isMatched('versioned', state, patterns) && isMatched('repeatable', state, patterns)
}

function isMatched(type: 'versioned' | 'repeatable', state: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => {
    const [ofType, ofState] = splitPattern(pattern)
    return (ofType === '*' || ofType === type) && (ofState === '*' || ofState === state.toLowerCase())
  })
}

/** Whether Flyway would take it: `<type>:<state>`, in any case. */
export function isPattern(pattern: string): boolean {
  const [type, state, ...rest] = splitPattern(pattern)
  return rest.length === 0 && patternTypes.some((one) => one === type) && patternStates.some((one) => one === state)
}

/** Type and state of a pattern, or what stands in their places. */
export function splitPattern(pattern: string): readonly string[] {
  return pattern.split(':').map((part) => part.trim().toLowerCase())
}
