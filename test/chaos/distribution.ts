/** What lies below which share of some times, in milliseconds. */
export interface Distribution {
  readonly count: number
  readonly p50: number
  readonly p95: number
  readonly p99: number
  readonly max: number
}

export function distributionOf(milliseconds: readonly number[]): Distribution {
  const sorted = milliseconds.toSorted((a, b) => a - b)
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
  return { count: sorted.length, p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) }
}

export function describeDistribution({ count, p50, p95, p99, max }: Distribution): string {
  const [first, second, third, last] = [p50, p95, p99, max].map((value) => value.toFixed(1))
  return `${count} times, p50 ${first}, p95 ${second}, p99 ${third}, max ${last} ms`
}
