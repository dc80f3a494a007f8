import { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import postgres from 'postgres'
import type { ConnectionTarget } from './connection-target.js'
import type { FrameCounter } from './frame-counter.js'

/** The driver's message for a query without text, with which it is made to log in. */
const emptyQuery = Buffer.from([0x51, 0, 0, 0, 5, 0])
/** What a server answers to it outside a transaction: EmptyQueryResponse, ReadyForQuery. */
const emptyQueryAnswer = Buffer.from([0x49, 0, 0, 0, 4, 0x5a, 0, 0, 0, 5, 0x49])

/** What the driver ends a query with parameters with: Execute of the portal without a name, Sync. */
const execute = Buffer.from([0x45, 0, 0, 0, 9, 0, 0, 0, 0, 0])
const sync = Buffer.from([0x53, 0, 0, 0, 4])
const executeAndSync = Buffer.concat([execute, sync])
/** Parse of an empty text, and Bind, which puts an empty portal into the place of the one before. */
const emptyPortal = Buffer.from([0x50, 0, 0, 0, 8, 0, 0, 0, 0, 0x42, 0, 0, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0])
const bind = 0x42

/**
 * What the driver gets for a socket: the few methods it uses, over a stream that stays ours.
 *
 * - Everything the server sends passes the frame counter first.
 * - The driver never learns that the stream has closed. It would connect again, or write to a socket that is gone and
 *   throw outside every promise; the session knows of the loss and no longer asks the driver anything.
 * - A query with parameters leaves its portal open until the end of the transaction, and with it a snapshot, for which every CREATE INDEX
 *   CONCURRENTLY of the database waits. It is replaced in the same message by an empty one. The driver does not mind the answers to
 *   that; it would stumble over that to a Close.
 * - It logs in only when it has something to send, so it gets an empty query, and the answer to the first one is made
 *   here. That saves one of the seven or eight round trips of a start without pending migrations.
 */
export class DriverStream extends EventEmitter {
  readonly #stream: Socket
  readonly #frames: FrameCounter
  #answersEmptyQuery = true
  #isClosed = false

  /** @param onClose called once, when the stream has closed; with the error that caused it, if there was one. */
  constructor(stream: Socket, frames: FrameCounter, onClose: (error: Error | null) => void) {
    super()
    this.#stream = stream
    this.#frames = frames
    let failure: Error | null = null
    const close = () => {
      this.#isClosed = true
      onClose(failure)
    }
    if (stream.destroyed) {
      queueMicrotask(close)
      return
    }
    stream.on('error', (error) => {
      failure = error
    })
    stream.once('close', close)
    stream.on('drain', () => this.emit('drain'))
    stream.on('data', (chunk) => this.#receive(chunk))
  }

  write(chunk: Buffer, callback?: (error?: Error | null) => void): boolean {
    if (this.#isClosed) return true
    if (this.#answersEmptyQuery && chunk.equals(emptyQuery)) {
      this.#answersEmptyQuery = false
      if (this.#frames.isBetweenFrames) {
        // Not at once: the driver has not finished writing as long as this call has not returned.
        queueMicrotask(() => this.emit('data', emptyQueryAnswer))
        return true
      }
    }
    return this.#stream.write(chunk[0] === bind ? withEmptyPortal(chunk) : chunk, callback)
  }

  destroy(): void {
    this.#stream.destroy()
  }

  /** The driver pauses its socket in a COPY TO STDOUT and forgets to resume it; what it gets there is thrown away. */
  pause(): void {}

  resume(): void {}

  #receive(chunk: Buffer): void {
    try {
      const length = this.#frames.read(chunk)
      // The session may have given the connection up because of what it saw.
      if (this.#stream.destroyed) return
      this.emit('data', chunk.subarray(0, length))
      if (length < chunk.length) this.#receiveLater(chunk.subarray(length))
    } catch (error) {
      this.#stream.destroy(error instanceof Error ? error : new Error(String(error)))
    }
  }

  /** The driver passes a COPY on by a promise; an error right behind it would throw before anybody could listen. */
  #receiveLater(chunk: Buffer): void {
    this.#stream.pause()
    setImmediate(() => {
      this.#receive(chunk)
      this.#stream.resume()
    })
  }
}

function withEmptyPortal(chunk: Buffer): Buffer {
  const end = chunk.length - executeAndSync.length
  if (!chunk.subarray(Math.max(end, 0)).equals(executeAndSync)) return chunk
  return Buffer.concat([chunk.subarray(0, end), execute, emptyPortal, sync])
}

/** The driver of one session, which knows nothing but the stream: no host, no timer, no second connection. */
export function createDriver(target: ConnectionTarget, password: string, stream: DriverStream) {
  let isTaken = false
  const options = {
    host: 'session',
    port: 1,
    database: target.database,
    user: target.user,
    pass: () => password,
    connection: { ...target.startupParameters, application_name: target.applicationName },
    socket: async () => {
      if (isTaken) throw new Error('a session connects once')
      isTaken = true
      return stream
    },
    ssl: false,
    sslnegotiation: null,
    max: 1,
    max_pipeline: 1,
    prepare: false,
    fetch_types: false,
    no_subscribe: true,
    debug: false,
    publications: '',
    connect_timeout: 0,
    idle_timeout: 0,
    max_lifetime: 0,
    keep_alive: null,
    backoff: false,
    onnotice: () => {},
  }
  // The driver reads PG* variables by rules of its own, whatever its options say: PGTARGETSESSIONATTRS=any makes it
  // throw. Ours have been read; it gets an empty environment for the length of this synchronous call.
  const environment = process.env
  process.env = {}
  try {
    return sendTextAsItIs(postgres(options))
  } finally {
    process.env = environment
  }
}

/** Parameters are texts already; the driver would make JSON of one that is JSON, and `false` of the text `true`. */
function sendTextAsItIs<Driver extends { readonly options: { readonly serializers: Record<number, unknown> } }>(
  driver: Driver,
): Driver {
  const { serializers } = driver.options
  for (const type of Object.keys(serializers)) serializers[Number(type)] = String
  return driver
}

/** How a driver reads what comes in. */
export interface Reading {
  /** Whether dates and timestamps stay text. */
  keepsDates: boolean
}

/** Numbers of `date`, `timestamp` and `timestamptz` in `pg_type`. */
const dateTypes = [1082, 1114, 1184]

export function chooseReading({
  options,
}: {
  readonly options: { readonly parsers: Record<number, unknown> }
}): Reading {
  const reading = { keepsDates: false }
  const read = (text: string): Date | string => (reading.keepsDates ? text : new Date(text))
  for (const type of dateTypes) options.parsers[type] = read
  return reading
}
