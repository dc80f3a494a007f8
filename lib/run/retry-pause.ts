const longestPause = 2_000

/** Full jitter up to a limit that doubles, in milliseconds. */
export function retryPause(attempt: number): number {
  return Math.round(Math.random() * Math.min(longestPause, 100 * 2 ** attempt))
}
