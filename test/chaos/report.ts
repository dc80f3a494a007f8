import type { CommandOutcome } from './command-outcome.js'
import { type FaultKind, faultKinds, roundOf } from './fault.js'
import type { FaultResult } from './inject.js'

/** Whether a fault did harm that must not be. */
export function isHarm({ divergences, uncaught, hang, outcome }: FaultResult): boolean {
  return divergences.length > 0 || uncaught.length > 0 || hang !== null || outcome.end === 'uncoded'
}

/** What a run had to do. */
export interface Assignment {
  /** How many faults were to strike. */
  readonly faults: number
  readonly kinds: readonly FaultKind[]
}

/** Kinds that have to have struck in a run of this length, but have not: all of them had their turns. */
export function findMissingKinds(results: readonly FaultResult[], { faults, kinds }: Assignment): readonly FaultKind[] {
  if (faults < roundOf(kinds)) return []
  return kinds.filter((kind) => !results.some(({ fault, struck }) => struck && fault.kind === kind))
}

/** Why a run shows less than it was to show. */
export function findShortcomings(results: readonly FaultResult[], assignment: Assignment): readonly string[] {
  const { faults } = assignment
  const struck = results.filter((result) => result.struck).length
  return [
    ...(struck < faults ? [`only ${struck} of ${faults} faults struck`] : []),
    ...findMissingKinds(results, assignment).map((kind) => `no ${kind} struck`),
  ]
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

/**
 * What stands at the end of a run: a line for each kind, a sum, how commands ended by kind and by error code, and how many faults met which
 * scenario, and the last part of a conversation.
 */
export function writeReport(results: readonly FaultResult[], kinds: readonly FaultKind[] = faultKinds): string {
  const ofKind = (kind: FaultKind): readonly FaultResult[] => results.filter(({ fault }) => fault.kind === kind)
  const lines = kinds.map((kind) => count(kind, ofKind(kind)))
  const all = [...lines, count('all', results)]
  const columns = Object.keys(all[0] ?? {}) as (keyof Line)[]
  const struck = results.filter((result) => result.struck)
  const others = results.flatMap(({ other }) => (other === null ? [] : [nameEnd(other)]))
  return [
    ...alignTable([columns.map(String), ...all.map((line) => columns.map((column) => String(line[column])))]),
    '',
    ...alignTable(
      [...kinds.map((kind) => [kind, countEach(ofKind(kind).map(({ outcome }) => nameEnd(outcome)))])],
      'left',
    ),
    '',
    `errors: ${countEach(results.flatMap(({ outcome }) => (outcome.end === 'refused' ? [outcome.code] : [])))}`,
    `struck, by scenario: ${countEach(struck.map(({ fault }) => fault.scenario))}`,
    `struck in the last part of a conversation: ${struck.filter(({ isLate }) => isLate).length}`,
    `replicas beside one that was struck: ${countEach(others)}`,
  ].join('\n')
}

function nameEnd(outcome: CommandOutcome): string {
  return outcome.end === 'refused' ? outcome.code : outcome.end
}

/** The most frequent one first. */
function countEach(names: readonly string[]): string {
  const counts = new Map<string, number>()
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1)
  const sorted = [...counts].sort(([, one], [, other]) => other - one).map(([name, times]) => `${name} ${times}`)
  return sorted.join(', ') || 'none'
}

function alignTable(cells: readonly (readonly string[])[], numbers: 'left' | 'right' = 'right'): readonly string[] {
  const widths = (cells[0] ?? []).map((_, index) => Math.max(...cells.map((row) => (row[index] ?? '').length)))
  return cells.map((row) =>
    row
      .map((cell, index) => {
        const width = widths[index] ?? 0
        return index === 0 || numbers === 'left' ? cell.padEnd(width) : cell.padStart(width)
      })
      .join('  ')
      .trimEnd(),
  )
}

/** What a person needs to look into one fault. */
export function describeHarm(result: FaultResult, seed: number, kinds: readonly FaultKind[] = faultKinds): string {
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
    `  again: npm run test:chaos -- --seed ${seed} --only ${fault.index}${kinds.length < faultKinds.length ? ` --kinds ${kinds.join(',')}` : ''}`,
    `     or: npm run test:chaos -- --fault '${JSON.stringify(fault)}'`,
  ].join('\n')
}
