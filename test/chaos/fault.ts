import { integer, pick, type Random, randomOf } from './random.js'
import { type ScenarioName, scenarios } from './scenarios.js'

/** Faults of the wire, which the proxy inflicts by itself. */
export const wireKinds = ['cut', 'reset', 'freeze', 'delay', 'half-close', 'corrupt'] as const
/** Ends of the process that migrates. */
export const killKinds = ['sigkill', 'sigterm', 'sigint'] as const
/** Faults of the backend and the server. */
export const serverKinds = [
  'terminate',
  'cancel',
  'restart-fast',
  'restart-immediate',
  'disk-full',
  'read-only',
] as const
export const faultKinds = [...wireKinds, ...killKinds, ...serverKinds] as const

export type WireKind = (typeof wireKinds)[number]
export type FaultKind = (typeof faultKinds)[number]
export type Direction = 'to-server' | 'to-client'

/** One fault, complete: what is printed of it is enough to inflict it again. */
export interface Fault {
  readonly index: number
  readonly scenario: ScenarioName
  readonly kind: FaultKind
  /** Whose bytes are counted. */
  readonly direction: Direction
  /** The fault strikes before this byte of all that went in this direction is passed on. */
  readonly atByte: number
  /** How long a `delay` is; for faults outside the wire the wait between the byte and the fault. Milliseconds. */
  readonly milliseconds: number
  /** Whether the byte waits until the fault is done; else the server goes on meanwhile. Faults outside the wire only; never of `cancel`. */
  readonly holds: boolean
  /** What is put in the place of a byte: it is XORed with this. Never 0. */
  readonly mask: number
  /** Whether the process that migrates hears SIGTERM or SIGINT and aborts, as a service does; else it dies. */
  readonly isHeard: boolean
}

/** How long the conversation of a scenario is without faults. */
export interface Measure {
  readonly toServer: number
  readonly toClient: number
  readonly milliseconds: number
}

/** How often each kind comes among a hundred. Restarts and freezes take longest. */
const weights: Readonly<Record<FaultKind, number>> = {
  cut: 15,
  reset: 10,
  freeze: 6,
  delay: 8,
  'half-close': 10,
  corrupt: 14,
  sigkill: 6,
  sigterm: 5,
  sigint: 4,
  terminate: 8,
  cancel: 5,
  'restart-fast': 2,
  'restart-immediate': 2,
  'disk-full': 3,
  'read-only': 2,
}

/** Tells how long the conversation of a scenario is. */
export type TakeMeasure = (scenario: ScenarioName) => Promise<Measure>

/** Draws the fault with this number; it depends on the seed, the number, and the length of its conversation alone. */
export async function drawFault(
  seed: number,
  index: number,
  kinds: readonly FaultKind[],
  takeMeasure: TakeMeasure,
): Promise<Fault> {
  const random = randomOf(seed, index)
  const kind = kindOf(index, seed, kinds)
  const allowed = scenarios.filter(({ except }) => except?.includes(kind) !== true)
  const { name } = pick(
    random,
    allowed.flatMap((one) => Array.from({ length: one.weight }, () => one)),
  )
  const direction = pick(random, ['to-server', 'to-client'] as const)
  const { toServer, toClient } = await takeMeasure(name)
  return {
    index,
    scenario: name,
    kind,
    direction,
    atByte: drawByte(random, direction === 'to-server' ? toServer : toClient),
    milliseconds: kind === 'delay' ? integer(random, 5, 120) : random() < 0.5 ? 0 : integer(random, 0, 15),
    // A server that is kept waiting for a byte runs no statement that could be cancelled.
    holds: random() < 0.5 && kind !== 'cancel',
    mask: random() < 0.5 ? 1 << integer(random, 0, 8) : integer(random, 1, 256),
    isHeard: kind !== 'sigkill' && random() < 0.6,
  }
}

/** The last part of a conversation, from which more faults are drawn: it is short, and has what is looked at, let go and said at the end. */
const lastPart = 0.98
const shareOfLastPart = 0.06

/** Lengths differ a little from run to run, so that what is drawn near the end may not be reached. */
function drawByte(random: Random, length: number): number {
  const isLate = random() < shareOfLastPart
  return integer(random, isLate ? Math.floor(length * lastPart) : 0, length)
}

export function isInLastPart({ direction, atByte }: Fault, { toServer, toClient }: Measure): boolean {
  return atByte >= lastPart * (direction === 'to-server' ? toServer : toClient)
}

/** After how many faults each of these kinds has had its turns. */
export function roundOf(kinds: readonly FaultKind[]): number {
  return kinds.reduce((sum, kind) => sum + weights[kind], 0)
}

/** Kinds come in turns and not by chance, so that even a short run has all of them. */
function kindOf(index: number, seed: number, kinds: readonly FaultKind[]): FaultKind {
  const turns = kinds.flatMap((kind) =>
    Array.from({ length: weights[kind] }, (_, turn) => ({ kind, turn, weight: weights[kind] })),
  )
  // Those of one kind are spread evenly over the round.
  const shift = randomOf(seed, -2)
  const offsets = new Map(kinds.map((kind) => [kind, shift()]))
  turns.sort((one, other) => place(one) - place(other))
  function place({ kind, turn, weight }: { kind: FaultKind; turn: number; weight: number }): number {
    return (turn + (offsets.get(kind) ?? 0)) / weight
  }
  const chosen = turns[index % turns.length]
  if (chosen === undefined) throw new TypeError('no kind of fault was chosen')
  return chosen.kind
}

export function isWireKind(kind: FaultKind): kind is WireKind {
  return wireKinds.some((one) => one === kind)
}
