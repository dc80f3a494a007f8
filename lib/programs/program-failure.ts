import { pathToFileURL } from 'node:url'
import { type Blocker, SchemawayError } from '../errors/schemaway-error.js'
import type { PlannedScript, PlanStep } from '../plan/plan.js'
import { abortedError } from '../run/abort.js'
import { describeReference } from '../run/describe-reference.js'
import type { MessagePart } from '../run/message-writer.js'
import { MessageFailure } from '../run/send-steps.js'
import { queryCanceled, type ServerError } from '../run/server-error.js'
import { explainStatement, type Failure, type FailureContext } from '../run/statement-error.js'
import { excerptAt } from '../scripts/excerpt.js'
import { positionAt } from '../scripts/source-position.js'
import { noServerError } from './no-server-error.js'
import type { SqlText } from './sql-text.js'

/** The program whose run failed. */
export interface FailedProgram {
  readonly step: PlanStep
  readonly script: PlannedScript
  /** `up` or `down`. */
  readonly direction: 'up' | 'down'
  /** Behind which it ran. */
  readonly part: MessagePart
}

/** A query of a program that the server refused. */
export interface RefusedQuery {
  readonly server: ServerError
  readonly query: SqlText
  /** Stack of where it was made. */
  readonly origin: () => string
}

/** A program that did not get to its end, on its way to be tried again or explained. */
export class ProgramFailure extends MessageFailure {
  readonly #explain: (context: FailureContext) => Failure

  constructor(
    program: FailedProgram,
    cause: ServerError,
    explain: (context: FailureContext) => Failure,
    blockers: readonly Blocker[] = [],
  ) {
    super(cause, { parts: [program.part], ledgerHash: null }, program.part, blockers)
    this.#explain = explain
  }

  override explain(context: FailureContext): Failure {
    return this.#explain(context)
  }
}

/** The server refused a query. */
export function queryFailure(
  program: FailedProgram,
  refused: RefusedQuery,
  blockers: readonly Blocker[],
): ProgramFailure {
  const explain = (context: FailureContext): Failure => ({
    subject: program.step.reference,
    error: explainQuery(program, refused, context),
  })
  return new ProgramFailure(program, refused.server, explain, blockers)
}

/** What the program sees of a query that the server refused, and what the command throws unless the program goes on. */
export function explainQuery(program: FailedProgram, refused: RefusedQuery, context: FailureContext): SchemawayError {
  const { server, query, origin } = refused
  const { script } = program
  const place = placeIn(origin(), script.file)
  const offset = server.position === null ? null : [...query.text].slice(0, server.position - 1).join('').length
  const inQuery = offset === null ? null : positionAt(query.text, offset)
  const excerpt =
    query.isWritten && inQuery !== null ? context.mask(excerptAt(query.text, inQuery.line, inQuery.column)) : ''
  const where = place === null ? script.reference.script : `${script.reference.script}:${place.line}:${place.column}`
  return explainStatement(server, { where, excerpt, details: detailsOf(program, place, excerpt) }, context)
}

/** The program itself threw, or broke a rule. */
export function thrownFailure(program: FailedProgram, thrown: unknown): ProgramFailure {
  const { name, message, stack = '' } = thrown instanceof Error ? thrown : { name: 'It', message: String(thrown) }
  const place = placeIn(stack, program.script.file)
  const { script } = program.script.reference
  const where = place === null ? script : `${script}:${place.line}:${place.column}`
  return ownFailure(program, (context) => ({
    code: 'PROGRAM_FAILED',
    message:
      `${where}: ${program.direction}() threw ${name}: ${context.mask(message)} ` +
      `${context.remains ?? 'The transaction is rolled back, nothing of it remains.'} Correct the cause, then run again.`,
    details: detailsOf(program, place, ''),
    cause: thrown,
  }))
}

/** Another failure than of a query. */
export function ownFailure(
  program: FailedProgram,
  describe: (context: Pick<FailureContext, 'mask' | 'remains'>) => {
    readonly code: SchemawayError['code']
    readonly message: string
    readonly details?: SchemawayError['details']
    readonly cause?: unknown
  },
): ProgramFailure {
  return new ProgramFailure(program, noServerError(describe({ mask: (text) => text }).message, 'XX000'), (context) => {
    const { code, message, details = detailsOf(program, null, ''), cause } = describe(context)
    return {
      subject: program.step.reference,
      error: new SchemawayError(code, message, { details, ...(cause !== undefined && { cause }) }),
    }
  })
}

/**
 * The error of a run that was stopped; the command tells it as ABORTED.
 *
 * @param reason of the signal.
 */
export function stoppedFailure(program: FailedProgram, reason: unknown): ProgramFailure {
  const error = abortedError(`${program.script.reference.script} ran`, reason)
  const subject = program.step.reference
  return new ProgramFailure(program, noServerError('stopped by the signal', queryCanceled), () => ({ subject, error }))
}

function detailsOf({ script }: FailedProgram, place: Place | null, excerpt: string) {
  return {
    ...describeReference(script.reference),
    file: script.file,
    ...(place ?? {}),
    ...(excerpt !== '' && { excerpt }),
  }
}

interface Place {
  readonly line: number
  readonly column: number
}

/** The uppermost line of a stack that lies in the file. Where the file was translated without a map, there is none. */
function placeIn(stack: string, file: string): Place | null {
  const { pathname } = pathToFileURL(file)
  for (const line of stack.split('\n')) {
    const path = line.includes(pathname) ? pathname : file
    const at = line.indexOf(path)
    const [, row, column] = at === -1 ? [] : (/^(?:\?[\w=&-]+)?:(\d+):(\d+)/.exec(line.slice(at + path.length)) ?? [])
    if (row !== undefined && column !== undefined) return { line: Number(row), column: Number(column) }
  }
  return null
}
