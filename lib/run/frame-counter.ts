import { readServerFields, type ServerFields } from './server-error.js'

/** State of the server's transaction after a message: none, under way, or waiting for a ROLLBACK after an error. */
export type TransactionStatus = 'idle' | 'open' | 'failed'

/** What the server sends besides rows and answers. */
export interface FrameEvents {
  /** The server asks for a proof of identity; `kind` is the number in its Authentication message. */
  onAuthentication(kind: number, body: Buffer): void
  onNotice(fields: ServerFields): void
  /** The server begins a COPY from or to the client. */
  onCopy(): void
  /** The message (at first: the login) has been answered completely. */
  onReady(): void
}

/** Types of the messages that a server sends (PostgreSQL manual, "Message Formats"). The driver passes over any other, and waits on. */
const known = codesOf('123ACDEGHIKNRSTVWZcdnstv')
/** Of these the body is read. */
const interesting = codesOf('CEGHKNRSTZ')
/** Their bodies are always empty. */
const bare = codesOf('123Icns')

function codesOf(letters: string): ReadonlySet<number> {
  return new Set([...letters].map((letter) => letter.charCodeAt(0)))
}

/**
 * Reads the server's half of the conversation beside the driver: counts the completed statements of the message under
 * way and keeps what the driver does not tell, which is the command tag of every statement, the fields of an error, and
 * the keys of the session.
 *
 * Rows are skipped without being looked at. A frame may arrive in any number of pieces.
 */
export class FrameCounter {
  /** Command tags of the message under way, or of the latest one, in order: one for each completed statement. */
  commandTags: string[] = []
  /** The error that ended the message under way or the latest one; the farewell when there was no other. */
  error: ServerFields | null = null
  /** The error with which the server ended the session. */
  farewell: ServerFields | null = null
  backendPid = 0
  secret: Buffer = Buffer.alloc(0)
  transactionStatus: TransactionStatus = 'idle'
  /** Settings that the server reports unasked, such as `server_version` and `in_hot_standby`. */
  readonly parameters = new Map<string, string>()

  readonly #events: FrameEvents
  readonly #header: Buffer = Buffer.alloc(5)
  #headerLength = 0
  #remaining = 0
  #pieces: Buffer[] | null = null

  constructor(events: FrameEvents) {
    this.#events = events
  }

  /** Whether everything read so far ends with a complete frame. */
  get isBetweenFrames(): boolean {
    return this.#headerLength === 0
  }

  /** Forgets the previous message. */
  startMessage(): void {
    this.commandTags = []
    this.error = null
  }

  /**
   * Takes the next piece of the stream, but stops behind a frame that begins a COPY.
   *
   * @returns how many bytes were taken.
   * @throws Error when it cannot be PostgreSQL's protocol.
   */
  read(chunk: Buffer): number {
    let offset = 0
    while (offset < chunk.length) {
      if (this.#headerLength < 5) {
        const length = Math.min(5 - this.#headerLength, chunk.length - offset)
        chunk.copy(this.#header, this.#headerLength, offset, offset + length)
        this.#headerLength += length
        offset += length
        if (this.#headerLength < 5) break
        this.#startFrame()
      }
      const length = Math.min(this.#remaining, chunk.length - offset)
      if (length > 0) this.#pieces?.push(chunk.subarray(offset, offset + length))
      this.#remaining -= length
      offset += length
      if (this.#remaining === 0 && this.#endFrame() === 'copy') break
    }
    return offset
  }

  #startFrame(): void {
    const type = this.#header[0] ?? 0
    this.#remaining = this.#header.readInt32BE(1) - 4
    if (!known.has(type)) throw new Error(`the server sent a message of the unknown type ${type}`)
    if (this.#remaining < 0 || (this.#remaining > 0 && bare.has(type))) {
      throw new Error('a frame of the server has an impossible length')
    }
    this.#pieces = interesting.has(type) ? [] : null
  }

  #endFrame(): 'copy' | 'other' {
    this.#headerLength = 0
    const pieces = this.#pieces
    if (pieces === null) return 'other'
    this.#pieces = null
    const [first, ...more] = pieces
    const body = first === undefined || more.length > 0 ? Buffer.concat(pieces) : first
    return this.#take(String.fromCharCode(this.#header[0] ?? 0), body)
  }

  #take(type: string, body: Buffer): 'copy' | 'other' {
    switch (type) {
      case 'C':
        this.commandTags.push(body.toString('utf8', 0, body.length - 1))
        break
      case 'E':
        this.#takeError(readServerFields(body))
        break
      case 'G':
      case 'H':
        this.#events.onCopy()
        return 'copy'
      case 'K':
        this.backendPid = body.readUInt32BE(0)
        this.secret = Buffer.from(body.subarray(4))
        break
      case 'N':
        this.#events.onNotice(readServerFields(body))
        break
      case 'R':
        this.#events.onAuthentication(body.readInt32BE(0), body.subarray(4))
        break
      case 'S': {
        const [name = '', value = ''] = body.toString('utf8').split('\0')
        this.parameters.set(name, value)
        break
      }
      case 'T':
        if (!isRowDescription(body)) throw unreadable('the columns of a result')
        break
      case 'Z':
        this.transactionStatus = readStatus(body)
        this.#events.onReady()
        break
    }
    return 'other'
  }

  #takeError(fields: ServerFields): void {
    const severity = fields.get('V') ?? fields.get('S')
    const isFarewell = severity === 'FATAL' || severity === 'PANIC'
    if (isFarewell) this.farewell = fields
    // A session that ends right behind the answer to a message does not change what that answer was.
    if (!isFarewell || this.error === null) this.error = fields
  }
}

/** Whoever takes a damaged one for "no transaction" goes on in the middle of one. */
function readStatus(body: Buffer): TransactionStatus {
  switch (body.length === 1 ? String.fromCharCode(body[0] ?? 0) : '') {
    case 'I':
      return 'idle'
    case 'T':
      return 'open'
    case 'E':
      return 'failed'
    default:
      throw unreadable('the state of the transaction')
  }
}

/** Each column has a name that ends in NUL, and 18 bytes behind it. The driver looks for a NUL that is missing for ever. */
function isRowDescription(body: Buffer): boolean {
  if (body.length < 2) return false
  let offset = 2
  for (let columns = body.readUInt16BE(0); columns > 0; columns -= 1) {
    const end = body.indexOf(0, offset)
    if (end === -1) return false
    offset = end + 19
    if (offset > body.length) return false
  }
  return offset === body.length
}

function unreadable(what: string): Error {
  return new Error(`the server sent ${what} in a form that cannot be read`)
}
