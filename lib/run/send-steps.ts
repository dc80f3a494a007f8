import type { HookPoint } from '../callbacks/hooks.js'
import { type Blocker, SchemawayError } from '../errors/schemaway-error.js'
import type { Plan, PlanStep } from '../plan/plan.js'
import { throwIfAborted } from './abort.js'
import { BlockerWatch } from './blocker-watch.js'
import { stopReading } from './copied-rows.js'
import { dataLossCheck } from './data-loss.js'
import { type Message, writeMessage } from './message.js'
import type { MessagePart } from './message-writer.js'
import type { Run } from './open-run.js'
import { ServerError, SessionLost } from './server-error.js'
import type { CompletedMessage, CopyData, Session } from './session.js'
import { onlyDefinesTables } from './session-settings.js'
import type { Failure, FailureContext } from './statement-error.js'

/** What became of one step. */
export interface StepResult {
  readonly step: PlanStep
  readonly milliseconds: number
}

/** Steps that travel in one message, and whether it opens and ends their transaction. */
export interface Parcel {
  readonly steps: readonly PlanStep[]
  readonly begins: boolean
  readonly commits: boolean
  /** Milliseconds that the steps took before, when this only records them. */
  readonly elapsed?: number
}

/** A message that the server refused, on its way to be tried again or explained. */
export class MessageFailure extends Error {
  override readonly cause: ServerError
  readonly sent: Message
  readonly part: MessagePart
  readonly blockers: readonly Blocker[]
  readonly attempts: number

  /** @param attempts how often it was tried. */
  constructor(cause: ServerError, sent: Message, part: MessagePart, blockers: readonly Blocker[], attempts = 1) {
    super(cause.message)
    this.cause = cause
    this.sent = sent
    this.part = part
    this.blockers = blockers
    this.attempts = attempts
  }

  /** Says what happened where it was no message that failed; null where the message tells. */
  explain(_context: FailureContext): Failure | null {
    return null
  }
}

/** The session broke behind the COMMIT of a transaction, to which no answer came: it may be committed. */
export class CommitInDoubt extends SchemawayError {
  constructor({ code, message, details, cause }: SessionLost) {
    super(code, message, { details, cause })
  }
}

/** Runs the program behind a part of a message. */
export type RunProgram = (part: MessagePart, watch: BlockerWatch) => Promise<void>

/** Sends steps to the server, one message at a time, and tells the world about it. */
export class StepSender {
  /** Tables with pages but without rows, which a rollback may drop. */
  knownEmpty: readonly string[] = []
  /** Set when a transaction was committed but the session could not be reset after it, or was lost. */
  resetFailure: ServerError | SessionLost | null = null
  /** Set where the plan has programs. */
  runProgram: RunProgram | null = null
  /** Set where hooks are called in the transactions of steps. */
  callHook: ((point: HookPoint, step: PlanStep) => Promise<void>) | null = null
  readonly #run: Run
  readonly #numbers: ReadonlyMap<PlanStep, number>
  /** For each migration of the plan, the highest rank that history can have before it. */
  readonly #bounds = new Map<PlanStep['reference'], number>()
  /** Whether no script of the plan can have touched the session. */
  readonly #onlyDefinesTables: boolean
  readonly #watch: BlockerWatch
  #ahead: {
    readonly steps: readonly PlanStep[]
    readonly ledgerHash: string | null
    readonly message: Message
  } | null = null

  constructor(plan: Plan, run: Run) {
    this.#run = run
    this.#numbers = new Map(plan.steps.map((step, index) => [step, index + 1]))
    let bound = run.highestRank
    for (const { reference, historyRows } of plan.steps) {
      this.#bounds.set(reference, bound)
      bound = Math.max(bound, ...historyRows.map(({ installedRank }) => installedRank))
    }
    this.#onlyDefinesTables = plan.steps.every(({ scripts }) => scripts.every(onlyDefinesTables))
    this.#watch = new BlockerWatch(run)
  }

  /** Whether tables with rows must not be dropped. */
  get guardsData(): boolean {
    const { config } = this.#run
    return (config.command === 'rollback' || config.command === 'undo') && !config.allowDataLoss
  }

  /**
   * @param next what will probably be sent afterwards; its message is written while the server works on this one.
   * @throws MessageFailure when the server refuses it.
   * @throws CommitInDoubt
   * @throws SchemawayError `ABORTED`, `CONNECTION_LOST`, `COMMIT_FAILED`.
   */
  async send(parcel: Parcel, next: Parcel | null): Promise<readonly StepResult[]> {
    const { steps } = parcel
    throwIfAborted(this.#run.config.signal, 'between two migrations')
    const message = this.#takeAhead(steps) ?? this.write(parcel)
    this.tell('stepStarted', steps)
    const started = performance.now()
    if (next !== null) setImmediate(() => this.#writeAhead(next, message))
    // Of a longer transaction the message that commits does not hold all that ran in it.
    const scripts = parcel.begins && parcel.commits ? scriptsOf(steps) : []
    for (const [index, part] of message.parts.entries()) {
      // A request to cancel that comes between two parts finds nothing to cancel.
      if (index > 0) throwIfAborted(this.#run.config.signal, 'a script was sent in several parts')
      try {
        const { commandTags } = await this.#sendPart(part, scripts)
        if (parcel.commits && index === message.parts.length - 1) checkCommit(commandTags, part, steps)
      } catch (error) {
        // What fails behind the COMMIT, in the reset of the session, does not undo it.
        if (error instanceof SessionLost) {
          if (commitTag(error.answered ?? [], part) !== 'COMMIT') throw this.#judgeLoss(error, part)
        } else if (!(error instanceof ServerError)) {
          throw error
        } else if (commitTag(error.commandTags, part) !== 'COMMIT') {
          throw new MessageFailure(error, message, part, this.#watch.blockers)
        }
        this.resetFailure = error
      }
    }
    this.#run.ledgerHash = message.ledgerHash
    const milliseconds = Math.round((performance.now() - started) / steps.length)
    this.tell('stepFinished', steps, milliseconds)
    return steps.map((step) => ({ step, milliseconds }))
  }

  /**
   * Sends a message that has its own transactions, if any.
   *
   * @throws MessageFailure when the server refuses it.
   */
  async deliver(message: Message): Promise<void> {
    throwIfAborted(this.#run.config.signal, 'between two statements')
    for (const [index, part] of message.parts.entries()) {
      if (index > 0) throwIfAborted(this.#run.config.signal, 'a script was sent in several parts')
      try {
        const steps = part.segments.flatMap((one) => ('step' in one ? [one.step] : []))
        const { commandTags } = await this.#sendPart(part, scriptsOf(steps))
        if (part.segments.some(({ role }) => role === 'commit')) checkCommit(commandTags, part, steps)
      } catch (error) {
        if (!(error instanceof ServerError)) throw error
        throw new MessageFailure(error, message, part, this.#watch.blockers)
      }
    }
  }

  /** Sends a message without looking whether its transaction was committed. */
  async sendMessage({ parts }: Message): Promise<void> {
    for (const part of parts) await this.#sendPart(part)
  }

  /** As {@link BlockerWatch.send}, for what belongs to no step. */
  async sendText(text: string, copyData?: CopyData, scripts?: readonly string[]): Promise<CompletedMessage> {
    return await this.#watch.send(text, copyData, scripts)
  }

  write({ steps, begins, commits, elapsed }: Parcel, ledgerHash = this.#run.ledgerHash): Message {
    const run = this.#run
    return writeMessage(steps, {
      begins,
      commits,
      installedBy: run.installedBy,
      place: run.place,
      begin: run.beginPlanned({ ledgerHash, highestRank: this.#boundOf(steps) }),
      renewal: this.#mayLoseLock ? (run.lock?.renewal ?? []) : [],
      ledgerHash,
      readLedgerHash: run.readLedgerHash,
      completeEntry: (draft) => run.completeEntry(draft),
      historyRole: run.historyRole,
      dataLossCheck: this.guardsData ? dataLossCheck(run.place, this.knownEmpty) : null,
      care: run.care,
      ...(elapsed !== undefined && { elapsed }),
    })
  }

  stop(): void {
    this.#watch.stop()
  }

  /** One of the session can only be let go of by the session. Asking for it would be felt in a thousand small migrations. */
  get #mayLoseLock(): boolean {
    const { lock, callbacks } = this.#run
    return lock?.strategy !== 'session' || callbacks !== null || !this.#onlyDefinesTables
  }

  #boundOf([first]: readonly PlanStep[]): number {
    return (first === undefined ? undefined : this.#bounds.get(first.reference)) ?? this.#run.highestRank
  }

  /** Whether it is known that nothing was committed. */
  #judgeLoss(lost: SessionLost, part: MessagePart): SessionLost | CommitInDoubt {
    const { answered, isRefused } = lost
    const isCommitSent = answered !== null && part.segments.some(({ role }) => role === 'commit')
    // Who said so behind a pooler cannot be told.
    const isKnown = !isCommitSent || commitTag(answered, part) !== null || (isRefused && !this.#run.care.isShared)
    return isKnown ? lost : new CommitInDoubt(lost)
  }

  async #sendPart(part: MessagePart, scripts?: readonly string[]): Promise<CompletedMessage> {
    const { text } = part
    refuseOtherEncoding(this.#run.session, part)
    refuseOtherStrings(this.#run.session, part, text)
    const rows = part.copy?.rows()
    const completed = await this.sendText(text, rows, scripts).finally(() => stopReading(rows))
    if (part.program !== null) await this.runProgram?.(part, this.#watch)
    if (part.hook !== null) await this.callHook?.(part.hook.point, part.hook.step)
    return completed
  }

  #writeAhead(parcel: Parcel, before: Message): void {
    const message = this.write(parcel, before.ledgerHash)
    this.#ahead = { steps: parcel.steps, ledgerHash: before.ledgerHash, message }
  }

  /** The message that was written ahead, if nothing has come in between. */
  #takeAhead(steps: readonly PlanStep[]): Message | null {
    const ahead = this.#ahead
    this.#ahead = null
    return ahead !== null && ahead.steps === steps && ahead.ledgerHash === this.#run.ledgerHash ? ahead.message : null
  }

  tell(type: 'stepStarted' | 'stepFinished', steps: readonly PlanStep[], milliseconds = 0): void {
    const { config, emit } = this.#run
    if (!config.isObserved) return
    for (const step of steps.filter((one) => this.#numbers.has(one))) {
      const fact = {
        action: step.action,
        number: this.#numbers.get(step) ?? 0,
        of: this.#numbers.size,
        ...step.reference,
      }
      emit(type === 'stepStarted' ? { type, ...fact } : { type, milliseconds, ...fact })
    }
  }
}

function scriptsOf(steps: readonly PlanStep[]): readonly string[] {
  return [...new Set(steps.map(({ reference }) => reference.script))]
}

/** Everything is sent as UTF-8; a script that changed that would have its further text, and its rows, stored as other letters. */
function refuseOtherEncoding({ parameters }: Session, { segments }: MessagePart): void {
  const encoding = parameters.get('client_encoding') ?? 'UTF8'
  if (encoding === 'UTF8') return
  const step = segments.flatMap((one) => ('step' in one ? [one.step] : []))[0]
  const script = step?.reference.script
  throw new SchemawayError(
    'INVALID_SCRIPT',
    `${script ?? 'A script'} changed client_encoding to ${encoding}, but everything is sent as UTF-8: the server would store what ` +
      'follows as other letters. It was stopped before that. Remove the statement, or the call, that changes client_encoding.',
    { details: script === undefined ? {} : { script } },
  )
}

/**
 * Scripts are cut into statements as the standard reads strings. The server would read otherwise what is sent after a script has
 * turned that off; what was sent together with it is read already.
 */
function refuseOtherStrings({ parameters }: Session, { segments }: MessagePart, text: string): void {
  if (parameters.get('standard_conforming_strings') !== 'off') return
  const found = segments.find((one) => one.role === 'script' && text.slice(one.start, one.end).includes('\\'))
  if (found?.role !== 'script') return
  const { script } = found.script.reference
  throw new SchemawayError(
    'INVALID_SCRIPT',
    `standard_conforming_strings was turned off before all of ${script} was sent, but scripts are read as if it were on: the server ` +
      'would take the backslashes in what follows for escapes. It was stopped before that. Remove the statement, or the call, that ' +
      "turns it off, and write E'...' where a backslash is meant as an escape; or turn it on again before what follows.",
    { details: { script } },
  )
}

/** What the server answered to our COMMIT; null while it has not come to it, or when the part has none. */
function commitTag(commandTags: readonly string[], { segments }: MessagePart): string | null {
  const commit = segments.find((one) => one.role === 'commit')
  return commit === undefined ? null : (commandTags[commit.statementsBefore] ?? null)
}

/** A COMMIT of a transaction that cannot be committed answers ROLLBACK, without an error. */
function checkCommit(commandTags: readonly string[], part: MessagePart, steps: readonly PlanStep[]): void {
  const tag = commitTag(commandTags, part)
  if (tag === 'COMMIT') return
  throw new SchemawayError(
    'COMMIT_FAILED',
    `The server answered ${tag ?? 'nothing'} to the COMMIT after ${steps.at(-1)?.reference.script ?? 'the last script'}: nothing ` +
      'of that transaction remains. Run info() to see the state, then run again.',
  )
}
