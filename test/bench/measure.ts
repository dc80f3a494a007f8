/** A figure that a benchmark must keep. */
export interface Figure {
  readonly name: string
  /** Paired ratios, one per round. */
  readonly ratios: readonly number[]
  /** Highest median that is acceptable; null for a control. */
  readonly limit: number | null
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2
}

/** A contestant; its first one is what the others are measured against. */
export interface Contestant {
  readonly name: string
  readonly run: () => Promise<number>
}

/**
 * Runs contestants in turn, in alternating order, so that drift of the machine hits all alike. One round beforehand
 * warms everything up and does not count.
 *
 * @returns milliseconds per contestant and round.
 */
export async function interleave(
  contestants: readonly Contestant[],
  rounds: number,
): Promise<ReadonlyMap<string, readonly number[]>> {
  const times = new Map(contestants.map(({ name }) => [name, [] as number[]]))
  for (let round = -1; round < rounds; round += 1) {
    for (const { name, run } of round % 2 === 0 ? contestants : contestants.toReversed()) {
      const time = await run()
      if (round >= 0) times.get(name)?.push(time)
    }
  }
  return times
}

/** Ratios of one contestant to another, round by round. */
export function ratios(times: ReadonlyMap<string, readonly number[]>, name: string, base: string): readonly number[] {
  const bases = times.get(base) ?? []
  return (times.get(name) ?? []).map((time, round) => time / (bases[round] ?? Number.NaN))
}

/** Prints the figures; false when a limit is exceeded. */
export function report(times: ReadonlyMap<string, readonly number[]>, figures: readonly Figure[]): boolean {
  for (const [name, values] of times) {
    console.log(
      `  ${name.padEnd(58)} median ${median(values).toFixed(1)} ms, best ${Math.min(...values).toFixed(1)} ms`,
    )
  }
  let holds = true
  for (const { name, ratios: values, limit } of figures) {
    const middle = median(values)
    const verdict =
      limit === null ? 'control' : middle <= limit ? `at most ${limit}: kept` : `at most ${limit}: EXCEEDED`
    if (limit !== null && middle > limit) holds = false
    console.log(`  ${name.padEnd(58)} x ${middle.toFixed(2)} (${values.length} pairs; ${verdict})`)
  }
  return holds
}
