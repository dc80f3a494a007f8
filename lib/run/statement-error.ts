import { type Blocker, type ErrorDetails, SchemawayError } from '../errors/schemaway-error.js'
import { describeBlockers } from './blockers.js'
import { describeReference } from './describe-reference.js'
import type { ScriptReference } from './events.js'
import { findPlace, offsetInPart } from './failure-place.js'
import type { Message } from './message.js'
import type { MessagePart, Segment } from './message-writer.js'
import { lockNotAvailable, type ServerError } from './server-error.js'

const readOnlyTransaction = '25006'
const insufficientPrivilege = '42501'
const deadlockDetected = '40P01'
/** A statement that cannot run inside a transaction, and a procedure that ends the one it is in. */
export const refusesTransaction: ReadonlySet<string> = new Set(['25001', '2D000'])

/** Another session holds what this one needs, so that trying again may help. */
export function isBlocked({ sqlState }: ServerError): boolean {
  return sqlState === lockNotAvailable || sqlState === deadlockDetected
}

export interface FailureContext {
  readonly message: Message
  /** The part of it that failed. */
  readonly part: MessagePart
  readonly blockers: readonly Blocker[]
  readonly attempts: number
  /** Hides values of placeholders, which may be secrets. */
  readonly mask: (text: string) => string
  readonly server: string
  /** What stays of a script that runs outside a transaction, and what to do; absent where all is rolled back. */
  readonly remains?: string
  /** False where only the next run tries again. Default: true. */
  readonly isRetried?: boolean
}

/** A failure of a message, and the migration it belongs to. */
export interface Failure {
  readonly error: SchemawayError
  readonly subject: ScriptReference | null
}

/** Turns the server's error about a message into one that names file, line and column. */
export function explainFailure(error: ServerError, context: FailureContext): Failure {
  const segment = findSegment(error, context.part)
  const subject = segment !== null && 'step' in segment ? segment.step.reference : null
  const facts = serverFacts(error, context)
  if (segment?.role === 'script') return { subject, error: explainScript(error, segment, context, facts) }
  if (isBlocked(error)) {
    const where = subject === null ? describeSubjects(context.message) : `Recording ${subject.script}`
    const details = { ...facts, ...(subject !== null && describeReference(subject)) }
    return { subject, error: explainBlocked(error, where, '', context, details) }
  }
  if (segment?.role === 'commit') {
    const only = onlySubject(context.message)
    const message =
      `${describeSubjects(context.message)} failed at commit: ${describeServer(error, context)} Everything in that ` +
      `transaction is rolled back. A deferred constraint is checked only now, so no line can be named.${context.remains === undefined ? '' : ` ${context.remains}`}`
    const details = { ...facts, ...(only !== null && describeReference(only)) }
    return {
      subject: only,
      error: new SchemawayError('COMMIT_FAILED', message, { details, ...safeCause(error, context) }),
    }
  }
  if (segment !== null && 'step' in segment) {
    const escaped = explainGuard(error, segment.step.reference, context, facts)
    if (escaped !== null) return { subject, error: escaped }
  }
  return {
    subject,
    error: new SchemawayError(
      'STATEMENT_FAILED',
      `A statement of schemaway's own failed${subject === null ? '' : ` after ${subject.script}`}: ` +
        `${describeServer(error, context)} ${context.remains ?? 'The transaction is rolled back.'} Correct the cause, then run again.`,
      { details: { ...facts, ...(subject !== null && { script: subject.script }) }, ...safeCause(error, context) },
    ),
  }
}

/**
 * A session that was lost behind a COMMIT to which no answer came.
 *
 * @param references the migrations of that transaction, in their order.
 */
export function explainDoubt(
  { code, message, details, cause }: SchemawayError,
  references: readonly ScriptReference[],
): SchemawayError {
  const [first] = references
  const only = references.length === 1 && first !== undefined ? describeReference(first) : {}
  return new SchemawayError(
    code,
    `${message} The COMMIT of ${listScripts(references.map(({ script }) => script))} had been sent and was not answered, so it is not ` +
      'known whether that transaction is committed: either all of it is, with what it wrote into history, or nothing. The next run ' +
      'waits until the server has let go of the lost session, sees from history which it is, and goes on from there.',
    { details: { ...details, ...only, inDoubt: true }, cause },
  )
}

/** A position is exact; without one, the number of completed statements tells. */
function findSegment(error: ServerError, part: MessagePart): Segment | null {
  const { segments } = part
  const offset = error.position === null ? null : offsetInPart(part, error.position)
  if (offset !== null) {
    // The separator behind a part belongs to it: an unfinished last statement is noticed there.
    const found = segments.findLast((one) => one.start <= offset)
    if (found !== undefined) return found
  }
  const done = error.completedStatements
  return segments.find((one) => done >= one.statementsBefore && done < one.statementsBefore + one.statements) ?? null
}

function explainScript(
  error: ServerError,
  segment: Segment & { readonly role: 'script' },
  context: FailureContext,
  facts: ErrorDetails,
): SchemawayError {
  const { file, reference } = segment.script
  const place = findPlace(error, segment, context.part)
  const { excerpt } = place
  const details: ErrorDetails = { ...facts, ...describeReference(reference), file, ...place }
  const where = `${reference.script}:${place.line}:${place.column}`
  const { callback } = segment.script
  if (callback === undefined) return explainStatement(error, { where, excerpt, details }, context)
  const about = segment.step.reference.script
  const occasion = about === reference.script ? callback : `${callback} of ${about}`
  return explainStatement(
    error,
    { where: `${where} (callback ${occasion})`, excerpt, details: { ...details, event: callback } },
    context,
  )
}

/**
 * A statement that the server refused, at a place.
 *
 * @param place.where as people write it: script, line and column.
 * @param place.details adds to what the server said.
 */
export function explainStatement(
  error: ServerError,
  place: { readonly where: string; readonly excerpt: string; readonly details: ErrorDetails },
  context: FailureContext,
): SchemawayError {
  const { where, excerpt } = place
  const details = { ...serverFacts(error, context), ...place.details }
  if (isBlocked(error)) {
    return explainBlocked(error, where, excerpt, context, details)
  }
  const isMissingRight = error.sqlState === insufficientPrivilege
  return new SchemawayError(
    isMissingRight ? 'MISSING_PRIVILEGE' : 'STATEMENT_FAILED',
    `${where} failed: ${describeServer(error, context)}\n${excerpt}${excerpt === '' ? '' : '\n'}` +
      `${context.remains ?? 'The transaction is rolled back, nothing of it remains.'} ${
        isMissingRight && error.hint === null
          ? 'Give the login, or the owner role, the right that is named, then run again.'
          : refusesTransaction.has(error.sqlState) && context.remains === undefined
            ? 'Put "-- schemaway: transaction=none" at the top of the file, so that it runs outside a transaction, then run again.'
            : 'Correct the cause, then run again.'
      }`,
    { details, ...safeCause(error, context) },
  )
}

function explainBlocked(
  error: ServerError,
  where: string,
  excerpt: string,
  context: FailureContext,
  details: ErrorDetails,
): SchemawayError {
  const { blockers, attempts } = context
  const what = error.sqlState === deadlockDetected ? 'ran into a deadlock' : 'did not get a lock within `lockTimeout`'
  return new SchemawayError(
    'STATEMENT_BLOCKED',
    `${where} ${what} in ${attempts === 1 ? 'its only attempt' : `any of ${attempts} attempts`}. ${describeBlockers(blockers)}\n${excerpt}${excerpt === '' ? '' : '\n'}` +
      `${context.remains ?? 'The transaction is rolled back.'} Run again when that session is done${context.isRetried === false ? '' : ', or raise `lockRetries`'}.`,
    { details: { ...details, blockers }, ...safeCause(error, context) },
  )
}

function explainGuard(
  error: ServerError,
  subject: ScriptReference,
  context: FailureContext,
  facts: ErrorDetails,
): SchemawayError | null {
  const details = { ...facts, ...describeReference(subject) }
  switch (error.sqlState) {
    case '22P02': // the setting is empty: its transaction has ended
    case '42704': // the setting was never made
      return new SchemawayError(
        'TRANSACTION_ESCAPED',
        `${subject.script} ended the transaction that it runs in, with a COMMIT or ROLLBACK that could not be seen beforehand, or ` +
          'took its settings away with RESET ALL. After a COMMIT, what it did before is committed and not in history. ' +
          'Remove that statement, look at what the script left behind, then run again.',
        { details, ...safeCause(error, context) },
      )
    case readOnlyTransaction:
      return new SchemawayError(
        'STATEMENT_FAILED',
        `${subject.script} left its transaction read only, so that history cannot be written. Remove SET TRANSACTION READ ONLY ` +
          `from the file, then run again. ${context.remains ?? 'The transaction is rolled back.'}`,
        { details, ...safeCause(error, context) },
      )
    case insufficientPrivilege:
      return new SchemawayError(
        'MISSING_PRIVILEGE',
        `After ${subject.script}, history could not be written: ${describeServer(error, context)} ` +
          `${context.remains ?? 'The transaction is rolled back.'} ` +
          'Give the login SELECT, INSERT, UPDATE and DELETE on the history and ledger tables, or make it a member ' +
          'of the owner role.',
        { details, ...safeCause(error, context) },
      )
    default:
      return null
  }
}

function serverFacts(error: ServerError, { mask, server }: FailureContext): ErrorDetails {
  const optional = (name: keyof ErrorDetails, value: string | null): ErrorDetails =>
    value === null ? {} : { [name]: mask(value) }
  return {
    server,
    sqlState: error.sqlState,
    serverMessage: mask(error.serverMessage),
    ...optional('detail', error.detail),
    ...optional('hint', error.hint),
    ...optional('where', error.where),
    ...optional('internalQuery', error.internalQuery),
    ...optional('constraint', error.constraint),
  }
}

function describeServer(error: ServerError, { mask }: FailureContext): string {
  const lines = [
    `${error.sqlState} ${error.serverMessage}${/[.!?]$/.test(error.serverMessage) ? '' : '.'}`,
    ...(error.detail === null ? [] : [`Detail: ${error.detail}`]),
    ...(error.hint === null ? [] : [`Hint: ${error.hint}`]),
    ...(error.internalQuery === null ? [] : [`Statement inside: ${error.internalQuery}`]),
    ...(error.where === null ? [] : [`Where: ${error.where}`]),
  ]
  return mask(lines.join('\n'))
}

/** The server's error goes along, unless it quotes the value of a placeholder. */
function safeCause(error: ServerError, { mask }: FailureContext): { cause?: ServerError } {
  const texts = [error.message, error.detail, error.hint, error.internalQuery, error.where]
  return texts.every((text) => text === null || mask(text) === text) ? { cause: error } : {}
}

/** The one migration of a message; null when it carries several, of which any may be the cause. */
function onlySubject({ parts }: Message): ScriptReference | null {
  const steps = new Set(parts.flatMap(({ segments }) => segments).flatMap((one) => ('step' in one ? [one.step] : [])))
  const [only] = steps
  return steps.size === 1 && only !== undefined ? only.reference : null
}

function describeSubjects({ parts }: Message): string {
  const segments = parts.flatMap((part) => part.segments)
  const texts = segments.flatMap((one) => (one.role === 'script' ? [one.script.reference.script] : []))
  const programs = parts.flatMap(({ program }) => (program === null ? [] : [program.script.reference.script]))
  return listScripts([...new Set([...texts, ...programs])])
}

function listScripts(scripts: readonly string[]): string {
  return scripts.length <= 3 ? scripts.join(', ') : `${scripts[0]} and ${scripts.length - 1} others`
}
