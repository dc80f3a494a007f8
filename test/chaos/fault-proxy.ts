import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Direction, WireKind } from './fault.js'
import { FrameHeaders } from './frame-headers.js'
import { RowValues } from './row-values.js'

/** What the proxy does to a conversation. `call` calls somebody else, who inflicts the fault. */
export interface ProxyFault {
  readonly kind: WireKind | 'call'
  readonly direction: Direction
  /** Counted over all connections, in the order in which they come. */
  readonly atByte: number
  /** Milliseconds of a `delay`. */
  readonly milliseconds: number
  /** What a `corrupt` byte is XORed with. */
  readonly mask: number
  /** What queries have in their texts of whose rows no value is corrupted; see {@link RowValues}. */
  readonly spares?: string
  /** Whether a `call` keeps the byte, and what comes behind it, until it is done. */
  readonly holds: boolean
}

export interface FaultProxy {
  readonly port: number
  /** Bytes that came in so far. */
  readonly received: Readonly<Record<Direction, number>>
  /** When the fault struck, as `performance.now()`; null while it has not. */
  readonly struckAt: number | null
  /** Connections that the client has not let go of. */
  readonly openConnections: number
  /** Ports from which the server hears its clients. */
  readonly serverPorts: readonly number[]
  /** Whether the server has said that a statement was cancelled. */
  readonly hasSeenCancelled: boolean
  /** Ends all connections, and takes no more. */
  close(): Promise<void>
}

/** SQLSTATE of query_canceled, as a field of an error. */
const cancelled = 'C57014\0'

interface Pair {
  readonly client: Socket
  readonly server: Socket
  readonly headers: FrameHeaders
  readonly values: RowValues | null
  readonly closed: Set<Direction>
}

/**
 * Stands between a client and a server, and passes on what they say until the fault strikes, which it does once.
 *
 * @param target port of the server on 127.0.0.1.
 * @param fault null to count only.
 * @param onCall inflicts the fault of the kind `call`.
 */
export async function startFaultProxy(
  target: number,
  fault: ProxyFault | null,
  onCall: () => Promise<void> = async () => {},
): Promise<FaultProxy> {
  const proxy = new InjectingProxy(target, fault, onCall)
  await proxy.listen()
  return proxy
}

class InjectingProxy implements FaultProxy {
  readonly received = { 'to-server': 0, 'to-client': 0 }
  struckAt: number | null = null
  hasSeenCancelled = false
  readonly #target: number
  readonly #fault: ProxyFault | null
  readonly #onCall: () => Promise<void>
  readonly #pairs = new Set<Pair>()
  readonly #server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.#join(client))
  /** Nothing passes any more, in either direction, and on new connections neither. */
  #isFrozen = false

  constructor(target: number, fault: ProxyFault | null, onCall: () => Promise<void>) {
    this.#target = target
    this.#fault = fault
    this.#onCall = onCall
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get openConnections(): number {
    return [...this.#pairs].filter(({ client }) => !client.destroyed).length
  }

  get serverPorts(): readonly number[] {
    return [...this.#pairs].flatMap(({ server }) => server.localPort ?? [])
  }

  async listen(): Promise<void> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    this.#destroyAll()
    await closed
  }

  #destroyAll(): void {
    for (const { client, server } of this.#pairs) for (const socket of [client, server]) socket.destroy()
  }

  #join(client: Socket): void {
    const server = connect({ port: this.#target, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
    const spares = this.#fault?.spares
    const values = spares === undefined ? null : new RowValues(spares)
    const pair: Pair = { client, server, headers: new FrameHeaders(), values, closed: new Set() }
    this.#pairs.add(pair)
    this.#forward(pair, 'to-server')
    this.#forward(pair, 'to-client')
  }

  #forward(pair: Pair, direction: Direction): void {
    const [from, to] = direction === 'to-server' ? [pair.client, pair.server] : [pair.server, pair.client]
    // One chunk after the other: the fault may keep one while the next comes in.
    let queue: Promise<void> = Promise.resolve()
    from.on('data', (chunk: Buffer) => {
      queue = queue.then(() => this.#pass(pair, direction, chunk))
    })
    from.on('end', () => {
      queue = queue.then(() => {
        if (!this.#isFrozen) to.end()
      })
    })
    from.on('error', () => {})
    from.on('close', () => {
      if (direction === 'to-server' && client(pair).destroyed && to.destroyed) this.#pairs.delete(pair)
      // In a frozen network the other side does not hear of it.
      if (!this.#isFrozen) queue = queue.then(() => void (to.writableLength === 0 ? to.destroy() : to.end()))
    })
  }

  async #pass(pair: Pair, direction: Direction, chunk: Buffer): Promise<void> {
    const to = direction === 'to-server' ? pair.server : pair.client
    const before = this.received[direction]
    this.received[direction] += chunk.length
    if (direction === 'to-client' && chunk.includes(cancelled)) this.hasSeenCancelled = true
    const offset = this.#strikesAt(direction, before, chunk.length, this.#corruptible(pair, direction, chunk))
    const fault = this.#fault
    // Once the client is gone nobody is left to be hit.
    if (offset === null || fault === null || pair.client.destroyed) return this.#write(pair, direction, chunk)
    this.struckAt = performance.now()
    const head = chunk.subarray(0, offset)
    const rest = chunk.subarray(offset)
    switch (fault.kind) {
      case 'cut':
        await flush(to, head)
        return this.#destroyAll()
      case 'reset':
        await flush(to, head)
        for (const { client, server } of this.#pairs) for (const socket of [client, server]) socket.resetAndDestroy()
        return
      case 'freeze':
        await flush(to, head)
        this.#isFrozen = true
        return
      case 'half-close':
        this.#write(pair, direction, head)
        pair.closed.add(direction)
        to.end()
        return
      case 'delay':
        this.#write(pair, direction, head)
        await sleep(fault.milliseconds)
        return this.#write(pair, direction, rest)
      case 'corrupt':
        rest.writeUInt8((rest[0] ?? 0) ^ fault.mask, 0)
        return this.#write(pair, direction, chunk)
      case 'call': {
        this.#write(pair, direction, head)
        const done = this.#onCall()
        if (fault.holds) await done
        return this.#write(pair, direction, rest)
      }
      default:
        fault.kind satisfies never
    }
  }

  #write(pair: Pair, direction: Direction, chunk: Buffer): void {
    const to = direction === 'to-server' ? pair.server : pair.client
    if (this.#isFrozen || pair.closed.has(direction) || to.destroyed || to.writableEnded || chunk.length === 0) return
    to.write(chunk)
  }

  /** Which bytes of this chunk may be corrupted. */
  #corruptible(pair: Pair, direction: Direction, chunk: Buffer): readonly number[] | null {
    if (direction === 'to-server') {
      pair.values?.hear(chunk)
      return pair.headers.read(chunk)
    }
    const spared = pair.values?.read(chunk)
    return spared === undefined ? null : [...chunk.keys()].filter((index) => spared[index] === false)
  }

  /** Offset in this chunk of the byte where the fault strikes; null when it does not. */
  #strikesAt(
    direction: Direction,
    before: number,
    length: number,
    corruptible: readonly number[] | null,
  ): number | null {
    const fault = this.#fault
    if (fault === null || this.struckAt !== null || fault.direction !== direction) return null
    if (fault.kind === 'corrupt' && corruptible !== null) {
      return corruptible.find((index) => before + index >= fault.atByte) ?? null
    }
    return before + length > fault.atByte ? Math.max(0, fault.atByte - before) : null
  }
}

function client({ client }: Pair): Socket {
  return client
}

/** Resolves when the system has taken the bytes, or never will. */
function flush(socket: Socket, chunk: Buffer): Promise<void> {
  if (chunk.length === 0 || socket.destroyed || socket.writableEnded) return Promise.resolve()
  return new Promise((resolve) => socket.write(chunk, () => resolve()))
}
