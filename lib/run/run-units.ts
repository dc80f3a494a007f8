import { SchemawayError } from '../errors/schemaway-error.js'
import { type LedgerEntry, noUndo } from '../history/ledger-entry.js'
import { insertLedgerSql } from '../history/ledger-table.js'
import {
  type ChangedSession,
  noProgress,
  type ScriptProgress,
  type SettledDetails,
  type UnitDetails,
} from '../history/script-progress.js'
import type { LedgerDraft, PlannedScript, PlanStep } from '../plan/plan.js'
import { mayRunAgain, type ScriptUnit } from '../scripts/script-units.js'
import type { Statement } from '../scripts/statement.js'
import { pause } from './abort.js'
import { nameStopper } from './connect.js'
import { describeReference } from './describe-reference.js'
import { HistoryMoved } from './history-moved.js'
import { IndexKeeper } from './index-keeper.js'
import type { Message } from './message.js'
import { MessageWriter } from './message-writer.js'
import type { Run } from './open-run.js'
import { becomeRecorder, recordUnit } from './record-unit.js'
import { retryPause } from './retry-pause.js'
import { MessageFailure, type StepSender } from './send-steps.js'
import { ServerError } from './server-error.js'
import { SessionWatch } from './session-watch.js'
import { explainFailure, type Failure, type FailureContext, isBlocked, refusesTransaction } from './statement-error.js'
import { translateError } from './translate-error.js'
import { hashOfSent, hashOfSource } from './unit-hashes.js'
import { describeRemains, outside, type UnitState } from './unit-outlook.js'

/** A statement that was refused and that only the next run tries again. */
class UnretriedFailure extends MessageFailure {
  override explain(context: FailureContext): Failure {
    return explainFailure(this.cause, { ...context, isRetried: false })
  }
}

/**
 * Runs a script outside a transaction, unit by unit, and goes on where an earlier run stopped.
 *
 * What can run in a transaction does, together with the record that it is done. Before anything else a mark is written,
 * so that after a killed process it is known what may have been under way. Nothing is written into history here.
 */
export class UnitRunner {
  readonly #step: PlanStep
  readonly #script: PlannedScript
  readonly #units: readonly ScriptUnit[]
  readonly #sender: StepSender
  readonly #run: Run
  /** What an earlier run did, unless all of it is done again. */
  readonly #progress: ScriptProgress
  /** What an earlier run did and this one does again from the beginning, with the reason. */
  readonly #abandoned: { readonly progress: ScriptProgress; readonly reason: string } | null
  readonly #indexes: IndexKeeper
  readonly #watch: SessionWatch
  #current = 0
  #state: UnitState = 'open'
  #hasOwnLockTimeout = false

  /** @param work.anew why everything is done again, from the first statement; null to go on. */
  constructor(
    step: PlanStep,
    script: PlannedScript,
    work: { sender: StepSender; run: Run; progress: ScriptProgress; anew: string | null },
  ) {
    this.#step = step
    this.#script = script
    this.#units = script.parsed.units ?? []
    this.#sender = work.sender
    this.#run = work.run
    this.#progress = work.anew === null ? work.progress : noProgress
    this.#abandoned = work.anew === null ? null : { progress: work.progress, reason: work.anew }
    this.#watch = new SessionWatch(work.run.session)
    this.#indexes = new IndexKeeper(work.run, script, async (statements) => await this.#send(statements))
  }

  /** What stays of the script when the run ends now, and what the next one does. */
  get remains(): string {
    // What is done stays so, although its settings are being made again.
    return describeRemains(this.#script, Math.max(this.#current, this.#progress.done.length), this.#state)
  }

  async execute(): Promise<void> {
    if (this.#abandoned !== null) await this.#beginAnew(this.#abandoned)
    await this.#send([`SET search_path = ${this.#script.searchPath}`])
    const { done, begun } = this.#progress
    for (const [index, unit] of this.#units.entries()) {
      this.#current = index
      this.#state = 'open'
      const { text, statements } = this.#script.parsed
      const source = text.slice(statements[unit.first]?.start, statements[unit.behind - 1]?.end)
      if (unit.replayed.length > 0 && /lock_timeout/i.test(source)) this.#hasOwnLockTimeout = true
      if (unit.replayed.length > 0) this.#watch.forget()
      if (index < done.length) await this.#replay(unit)
      else if (index === done.length && begun !== null && (await this.#indexes.settle(unit, begun))) {
        await this.#record('progressed', {})
      } else await this.#runUnit(unit)
      // What runs in a transaction of ours is committed only while the lock is there.
      if (unit.transaction === 'none' || unit.transaction === 'session') await this.#checkLock(index)
    }
    this.#current = this.#units.length
    this.#state = 'open'
    // The statement that was under way may have been taken out of the file.
    if (begun !== null && done.length >= this.#units.length) await this.#indexes.settle(undefined, begun)
  }

  /** Brings the session back to what every script can rely on. */
  async reset(): Promise<void> {
    const { session, care } = this.#run
    if (!session.isLost) await session.send(['ROLLBACK', ...care.afterRoles].join(';\n'))
  }

  /** An error that ended the script, with what stays of it; those of a statement say so themselves. */
  explain(error: unknown): unknown {
    const { script } = this.#script.reference
    if (error instanceof ServerError) {
      return this.explain(translateError(error, `looking after ${script}`, this.#run.session.display))
    }
    // It is planned anew, and goes on behind what is done.
    if (error instanceof HistoryMoved) return error
    if (!(error instanceof SchemawayError) || error.message.includes(outside)) return error
    // What it says about transactions is not true of a script without one.
    const what =
      error.code === 'ABORTED'
        ? `The run was stopped by ${nameStopper(this.#run.config.signal?.reason)} while ${script} ran.`
        : error.message.includes(script)
          ? error.message
          : `${script}: ${error.message}`
    return new SchemawayError(error.code, `${what} ${this.remains}`, {
      details: { ...describeReference(this.#script.reference), ...error.details },
      cause: error.cause,
    })
  }

  /** Whether a mark was written, behind which has to be recorded that its statement failed. */
  get hasFailedBehindMark(): boolean {
    return this.#state === 'failed'
  }

  get #statements(): readonly Statement[] {
    return this.#script.parsed.statements
  }

  /** The session that did the unit is gone, and with it what it had set. */
  async #replay(unit: ScriptUnit): Promise<void> {
    this.#state = 'replaying'
    for (const first of unit.replayed) {
      const writer = new MessageWriter()
      writer.addStatements(this.#script, this.#step, { first, behind: first + 1 })
      await this.#sender.deliver({ parts: writer.parts, ledgerHash: this.#run.ledgerHash })
    }
  }

  async #runUnit(unit: ScriptUnit): Promise<void> {
    await this.#watch.look(unit, this.#statements)
    if (unit.transaction === 'none') await this.#runOutside(unit)
    else if (unit.transaction === 'session') {
      await this.#sender.deliver(this.#write(unit))
      await this.#record('progressed', {})
    } else await this.#runInside(unit)
    // It is done and recorded.
    this.#state = 'inside'
    const changed = await this.#watch.findChanges(unit, this.#statements)
    // Not in the record of the unit, which is written before its COMMIT: what was SET LOCAL looks the same until then.
    if (changed.length > 0) await this.#record('progressed', { changed, behind: unit.first + 1 })
  }

  /** A transaction of its own. */
  async #runInside(unit: ScriptUnit): Promise<void> {
    const { session } = this.#run
    try {
      await this.#retry(true, async () => {
        const message = this.#write(unit)
        this.#state = 'inside'
        try {
          await this.#sender.deliver(message)
          this.#run.ledgerHash = message.ledgerHash
        } catch (error) {
          if (error instanceof MessageFailure) await session.send('ROLLBACK')
          if (error instanceof MessageFailure || isOfLock(error)) this.#state = 'open'
          throw error
        }
      })
    } catch (error) {
      // Behind the BEGIN: the statement itself. Extensions have some of which only the server knows that they refuse one.
      const isRefused = error instanceof MessageFailure && refusesTransaction.has(error.cause.sqlState)
      if (!isRefused || unit.transaction !== 'wrapped' || error.cause.completedStatements !== 1) throw error
      await this.#runOutside({ ...unit, transaction: 'none' })
    }
  }

  /** Tries again while another session holds what it needs. */
  async #retry(isRetried: boolean, attemptOnce: () => Promise<void>): Promise<void> {
    const { config, emit } = this.#run
    for (let attempt = 1; ; attempt += 1) {
      try {
        await attemptOnce()
        return
      } catch (error) {
        if (!(error instanceof MessageFailure)) throw error
        if (!isRetried) throw new UnretriedFailure(error.cause, error.sent, error.part, error.blockers, attempt)
        if (!isBlocked(error.cause) || attempt > config.lockRetries || config.signal?.aborted) {
          throw new MessageFailure(error.cause, error.sent, error.part, error.blockers, attempt)
        }
        const wait = retryPause(attempt, error.cause, config.lockTimeout)
        const { sqlState } = error.cause
        emit({ type: 'retry', attempt: attempt + 1, of: config.lockRetries + 1, waitMilliseconds: wait, sqlState })
        await pause(wait, config.signal, `waiting before attempt ${attempt + 1}`)
      }
    }
  }

  async #runOutside(unit: ScriptUnit): Promise<void> {
    const work = this.#indexes.workOf(unit)
    const index = work === null ? undefined : await this.#indexes.mark(work, unit, this.remains)
    const waits = work !== null && !this.#hasOwnLockTimeout
    // It waits for old transactions, and must not give up after a moment and leave an invalid index.
    if (waits) await this.#send(['SET lock_timeout = 0'])
    await this.#record('started', index === undefined ? {} : { index })
    const statement = this.#statements[unit.first]
    await this.#deliverMarked(unit, work === null && statement !== undefined && mayRunAgain(statement))
    if (index !== undefined)
      await this.#indexes.refuseInvalid(index, unit, describeRemains(this.#script, this.#current, 'open'))
    await this.#record('progressed', {})
    if (waits) await this.#send([`SET lock_timeout = ${this.#run.config.lockTimeout}`])
  }

  /** Sends a statement behind its mark; what is known to be undone is not left in doubt. */
  async #deliverMarked(unit: ScriptUnit, isRetried: boolean): Promise<void> {
    try {
      await this.#retry(isRetried, async () => {
        this.#state = 'under way'
        await this.#sender.deliver(this.#write(unit))
      })
      this.#state = 'completed'
    } catch (error) {
      if (error instanceof MessageFailure) this.#state = 'failed'
      if (error instanceof SchemawayError && error.code === 'ABORTED') {
        // Nothing was sent, or what was sent was refused.
        await this.#record('repaired', {}, { unfinished: 'repeat' })
        this.#state = 'open'
      }
      throw error
    }
  }

  /** What may be run again from its beginning is, when it cannot go on where it stopped. */
  async #beginAnew({
    progress,
    reason,
  }: {
    readonly progress: ScriptProgress
    readonly reason: string
  }): Promise<void> {
    const { emit, mask } = this.#run
    emit({
      type: 'notice',
      severity: 'NOTICE',
      message: mask(`${this.#script.reference.script} begins anew: ${reason}`),
    })
    if (progress.begun !== null) await this.#indexes.dropLeftOvers(progress.begun, undefined)
    await this.#record('repaired', {}, { unfinished: 'restart' })
  }

  async #checkLock(index: number): Promise<void> {
    this.#current = index + 1
    this.#state = 'open'
    const { script } = this.#script.reference
    await this.#run.checkLock(script, 'The statements after it were not run.')
  }

  /** Sends statements of our own. */
  async #send(statements: readonly string[]): Promise<void> {
    const writer = new MessageWriter()
    writer.add({ role: 'reset' }, statements)
    await this.#sender.deliver({ parts: writer.parts, ledgerHash: this.#run.ledgerHash })
  }

  #write(unit: ScriptUnit): Message {
    const writer = new MessageWriter()
    const step = this.#step
    if (unit.transaction === 'none' || unit.transaction === 'session') {
      writer.addStatements(this.#script, step, unit)
      return { parts: writer.parts, ledgerHash: this.#run.ledgerHash }
    }
    const ledger = this.#ledgerSql('progressed', {})
    const isOwn = unit.transaction === 'own'
    if (!isOwn) writer.add({ role: 'prelude' }, ['BEGIN READ WRITE'])
    // The COMMIT of the script comes behind the record.
    writer.addStatements(this.#script, step, isOwn ? { ...unit, behind: unit.behind - 1 } : unit)
    writer.add({ role: 'record', step }, [...becomeRecorder(this.#run), ...(this.#run.lock?.guard ?? []), ledger.sql])
    writer.add({ role: 'prelude' }, this.#run.lock?.renewal ?? [])
    writer.add({ role: 'commit' }, ['COMMIT'])
    return { parts: writer.parts, ledgerHash: ledger.hash }
  }

  async #record(
    event: 'started' | 'progressed' | 'repaired',
    more: Partial<UnitDetails> | ChangedSession,
    settled: Partial<SettledDetails> = {},
  ): Promise<void> {
    const { sql, hash } = this.#ledgerSql(event, { ...more, ...settled })
    await recordUnit(this.#run, sql, event === 'started')
    this.#run.ledgerHash = hash
  }

  #ledgerSql(
    event: 'started' | 'progressed' | 'repaired',
    more: Partial<UnitDetails & SettledDetails & ChangedSession>,
  ) {
    const [draft] = this.#step.ledgerEntries
    const unit = this.#units[this.#current]
    if (draft === undefined) throw new TypeError('a script without a ledger entry')
    const statement = unit === undefined ? undefined : this.#statements[unit.first]
    const isOfUnit = more.changed === undefined
    const details = {
      ...(isOfUnit && {
        statement: (unit?.first ?? 0) + 1,
        of: this.#statements.length,
        line: statement?.line ?? 1,
        ...(unit !== undefined && { sent: hashOfSent(this.#script, unit, this.#run.config.placeholders) }),
      }),
      ...more,
    }
    const entry: LedgerEntry = this.#run.completeEntry({
      ...withoutUndo(draft),
      event,
      sha256: unit === undefined || !isOfUnit ? null : hashOfSource(this.#script, unit),
      details: JSON.stringify(details),
    })
    return insertLedgerSql(this.#run.place, [entry], this.#run.ledgerHash, null)
  }
}

/** Its transaction is rolled back. */
function isOfLock(error: unknown): boolean {
  return error instanceof SchemawayError && (error.code === 'LOCK_LOST' || error.code === 'HISTORY_MOVED')
}

function withoutUndo(draft: LedgerDraft): LedgerDraft {
  return { ...draft, installedRank: null, ...noUndo }
}
