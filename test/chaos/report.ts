import { type FaultKind, faultKinds } from './fault.js'
import type { FaultResult } from './inject.js'

/** Whether a fault did harm that must not be. */
export function isHarm({ divergences, uncaught, hang, outcome }: FaultResult): boolean {
  return divergences.length > 0 || uncaught.length > 0 || hang !== null || outcome.end === 'uncoded'
}

/** Counts of one kind. */
interface Line {
  readonly kind: string
  readonly injected: number
  readonly struck: number
  readonly done: number
  readonly refused: number
  readonly killed: number
  readonly repaired: number
  readonly converged: number
  readonly divergences: number
  readonly uncaught: number
  /** Ended with an error that is none of the library's. */
  readonly uncoded: number
  readonly hangs: number
}

function count(kind: string, results: readonly FaultResult[]): Line {
  const number = (holds: (result: FaultResult) => boolean): number => results.filter(holds).length
  return {
    kind,
    injected: results.length,
    struck: number(({ struck }) => struck),
    done: number(({ outcome }) => outcome.end === 'done'),
    refused: number(({ outcome }) => outcome.end === 'refused'),
    killed: number(({ outcome }) => outcome.end === 'killed'),
    repaired: number(({ repairs }) => repairs > 0),
    converged: number(({ divergences }) => divergences.length === 0),
    divergences: number(({ divergences }) => divergences.length > 0),
    uncaught: number(({ uncaught }) => uncaught.length > 0),
    uncoded: number(({ outcome }) => outcome.end === 'uncoded'),
    hangs: number(({ hang }) => hang !== null),
  }
}

/** The table at the end of a run: a line for each kind, a sum, and how often each error code came. */
export function writeReport(results: readonly FaultResult[], kinds: readonly FaultKind[] = faultKinds): string {
  const lines = kinds.map((kind) =>
    count(
      kind,
      results.filter(({ fault }) => fault.kind === kind),
    ),
  )
  const all = [...lines, count('all', results)]
  const columns = Object.keys(all[0] ?? {}) as (keyof Line)[]
  const cells = [columns.map(String), ...all.map((line) => columns.map((column) => String(line[column])))]
  const widths = columns.map((_, index) => Math.max(...cells.map((row) => (row[index] ?? '').length)))
  const table = cells.map((row) =>
    row
      .map((cell, index) => (index === 0 ? cell.padEnd(widths[index] ?? 0) : cell.padStart(widths[index] ?? 0)))
      .join('  '),
  )
  const codes = new Map<string, number>()
  for (const { outcome } of results) {
    if (outcome.end === 'refused') codes.set(outcome.code, (codes.get(outcome.code) ?? 0) + 1)
  }
  const sorted = [...codes].sort(([, one], [, other]) => other - one).map(([code, times]) => `${code} ${times}`)
  return [...table, '', `errors: ${sorted.join(', ') || 'none'}`].join('\n')
}

/** What a person needs to look into one fault. */
export function describeHarm(result: FaultResult, seed: number): string {
  const { fault, outcome, hang, uncaught, divergences, struck } = result
  const ended =
    outcome.end === 'refused'
      ? `${outcome.code}${outcome.sqlState === null ? '' : ` (${outcome.sqlState})`}: ${outcome.message}`
      : outcome.end
  return [
    `fault ${fault.index} did harm: ${JSON.stringify(fault)}`,
    `  ended: ${outcome.end === 'uncoded' ? outcome.message : ended}${struck ? '' : ' (before the fault)'}`,
    ...(hang === null ? [] : [`  hang: ${hang}`]),
    ...uncaught.map((one) => `  uncaught: ${one}`),
    ...divergences.slice(0, 12).map((one) => `  divergence: ${one}`),
    ...(divergences.length > 12 ? [`  and ${divergences.length - 12} more divergences`] : []),
    `  again: npm run test:chaos -- --seed ${seed} --only ${fault.index}`,
    `     or: npm run test:chaos -- --fault '${JSON.stringify(fault)}'`,
  ].join('\n')
}
