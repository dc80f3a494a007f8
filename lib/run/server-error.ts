import type { ErrorCode } from '../errors/error-codes.js'
import { type ErrorDetails, SchemawayError } from '../errors/schemaway-error.js'

/** Fields of the server's ErrorResponse and NoticeResponse, by the letter that marks them in the protocol. */
export type ServerFields = ReadonlyMap<string, string>

/** SQLSTATE of a statement that was cancelled: by us, by somebody else, or by a timeout. */
export const queryCanceled = '57014'
export const lockNotAvailable = '55P03'

/** A notice or warning of the server. */
export interface ServerNotice {
  /** `WARNING`, `NOTICE`, `INFO`, `LOG` or `DEBUG`, in English whatever the server's language is. */
  readonly severity: string
  /** SQLSTATE, `00000` for plain notices. */
  readonly code: string
  readonly message: string
  readonly detail: string | null
  readonly hint: string | null
  /** Stack of PL/pgSQL functions it came from. */
  readonly where: string | null
}

/**
 * An error that the server reported, in its own words.
 *
 * It carries neither the text that was sent nor its parameters, which may hold secrets. It is internal: what leaves
 * schemaway is a `SchemawayError` that says which file failed.
 */
export class ServerError extends Error {
  readonly sqlState: string
  /** `ERROR`, `FATAL` or `PANIC`, in English. */
  readonly severity: string
  readonly serverMessage: string
  readonly detail: string | null
  readonly hint: string | null
  readonly where: string | null
  /** Code points from the start of the message that was sent, counted from 1; null where the server gives none. */
  readonly position: number | null
  /** As `position`, within `internalQuery`. */
  readonly internalPosition: number | null
  /** Text of a statement that the server generated or ran inside a function. */
  readonly internalQuery: string | null
  readonly schema: string | null
  readonly table: string | null
  readonly column: string | null
  readonly constraint: string | null
  /** Name of the server's own function that reported the error. */
  readonly routine: string | null
  /** How many statements of the message had completed before. */
  readonly completedStatements: number
  /** Their command tags, for instance `CREATE TABLE`. */
  readonly commandTags: readonly string[]

  constructor(fields: ServerFields, commandTags: readonly string[]) {
    const text = (letter: string) => fields.get(letter) ?? null
    const serverMessage = text('M') ?? 'error without a message'
    const sqlState = text('C') ?? 'XX000'
    super(`${serverMessage} (${sqlState})`)
    this.name = 'ServerError'
    this.sqlState = sqlState
    this.severity = text('V') ?? text('S') ?? 'ERROR'
    this.serverMessage = serverMessage
    this.detail = text('D')
    this.hint = text('H')
    this.where = text('W')
    this.position = number(text('P'))
    this.internalPosition = number(text('p'))
    this.internalQuery = text('q')
    this.schema = text('s')
    this.table = text('t')
    this.column = text('c')
    this.constraint = text('n')
    this.routine = text('R')
    this.completedStatements = commandTags.length
    this.commandTags = commandTags
  }
}

/**
 * The session ended, or was given up, before its message was answered completely.
 *
 * What it knows of that message stays out of logs: it is for whoever sent a COMMIT.
 */
export class SessionLost extends SchemawayError {
  readonly #answered: readonly string[] | null
  readonly #isRefused: boolean

  constructor(
    code: ErrorCode,
    message: string,
    {
      answered,
      isRefused,
      ...options
    }: Pick<SessionLost, 'answered' | 'isRefused'> & { readonly details: ErrorDetails; readonly cause?: unknown },
  ) {
    super(code, message, options)
    this.#answered = answered
    this.#isRefused = isRefused
  }

  /** Command tags of the statements that had answered; null when the message was not sent. */
  get answered(): readonly string[] | null {
    return this.#answered
  }

  /** Whether the server had said that it does not go on with the message. */
  get isRefused(): boolean {
    return this.#isRefused
  }
}

/**
 * Whether an error says that what stands behind it in the message is not done. A PANIC may come in the middle of a COMMIT, and
 * the end of a session as a connection exception is told by whoever stands in between.
 */
export function endsMessage(fields: ServerFields): boolean {
  const severity = fields.get('V') ?? fields.get('S')
  return severity === 'ERROR' || (severity === 'FATAL' && fields.get('C')?.startsWith('08') === false)
}

export function describeFields(fields: ServerFields): string {
  return `${fields.get('M') ?? 'error without a message'} (${fields.get('C') ?? 'no SQLSTATE'})`
}

export function readNotice(fields: ServerFields): ServerNotice {
  return {
    severity: fields.get('V') ?? fields.get('S') ?? 'NOTICE',
    code: fields.get('C') ?? '00000',
    message: fields.get('M') ?? '',
    detail: fields.get('D') ?? null,
    hint: fields.get('H') ?? null,
    where: fields.get('W') ?? null,
  }
}

/** Reads the body of an ErrorResponse or NoticeResponse: letters, each with a text that ends in NUL. */
export function readServerFields(body: Buffer): ServerFields {
  const fields = new Map<string, string>()
  let start = 0
  while (start < body.length && body[start] !== 0) {
    const end = body.indexOf(0, start + 1)
    if (end === -1) break
    fields.set(String.fromCharCode(body[start] ?? 0), body.toString('utf8', start + 1, end))
    start = end + 1
  }
  return fields
}

function number(text: string | null): number | null {
  return text === null ? null : Number.parseInt(text, 10)
}
