import { type Problem, SchemawayError } from '../errors/schemaway-error.js'
import type { LedgerEntry } from '../history/ledger-entry.js'
import { insertLedgerSql } from '../history/ledger-table.js'
import { quoteIdentifier } from '../history/quote-sql.js'
import type { ScriptProgress } from '../history/script-progress.js'
import type { LedgerDraft, PlannedScript, PlanStep } from '../plan/plan.js'
import { type IndexWork, readIndexWork } from '../scripts/concurrent-index.js'
import type { ScriptUnit } from '../scripts/script-units.js'
import { sha256OfBytes } from '../scripts/sha256.js'
import type { Statement } from '../scripts/statement.js'
import { pause } from './abort.js'
import { findIndex, findInvalidIndexes } from './invalid-indexes.js'
import type { Message } from './message.js'
import { MessageWriter, type SegmentRole } from './message-writer.js'
import type { Run } from './open-run.js'
import { retryPause } from './retry-pause.js'
import { MessageFailure, type StepSender } from './send-steps.js'
import { resetStatements } from './session-settings.js'
import { isBlocked } from './statement-error.js'

/** What the mark before a statement keeps for the attempt after it. */
interface StartedDetails {
  readonly statement: number
  readonly of: number
  readonly line: number
  /** What the statement makes, and which invalid indexes were there already. */
  readonly index?: {
    readonly work: IndexWork
    readonly invalidBefore: readonly string[]
    /** Whether there was an index of that name. */
    readonly existed: boolean
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
  readonly #hashes: readonly string[]
  readonly #sender: StepSender
  readonly #run: Run
  readonly #progress: ScriptProgress
  #current = 0
  #hasOwnLockTimeout = false

  /** @throws SchemawayError `VALIDATION_FAILED` when a statement that is done was edited. */
  constructor(step: PlanStep, script: PlannedScript, work: { sender: StepSender; run: Run; progress: ScriptProgress }) {
    this.#step = step
    this.#script = script
    this.#units = script.parsed.units ?? []
    this.#hashes = this.#units.map((unit) => hashOf(script, unit))
    this.#sender = work.sender
    this.#run = work.run
    this.#progress = work.progress
    this.#refuseEdited()
  }

  /** What stays of the script when the unit that is being run fails, and what the next run does. */
  get remains(): string {
    const unit = this.#units[this.#current]
    const leaves = unit !== undefined && this.#indexWork(unit) !== null
    return leaves
      ? `${this.#stays} An invalid index that is left behind is dropped by the next migrate().`
      : this.#stays
  }

  get #stays(): string {
    const outside = 'The file runs outside a transaction'
    const unit = this.#units[this.#current]
    if (unit === undefined) return `${outside}: all of it is done and stays. The next migrate() only records it.`
    if (this.#current === 0) return `${outside}; nothing of it was done before.`
    const number = unit.first + 1
    return (
      `${outside}: what stands before statement ${number} of ${this.#statements.length} is done and stays. The next migrate() ` +
      `goes on with statement ${number}.`
    )
  }

  async execute(): Promise<void> {
    const { searchPath } = this.#script
    await this.#send({ role: 'reset' }, [`SET search_path = ${searchPath}`])
    const { done } = this.#progress
    for (const [index, unit] of this.#units.entries()) {
      this.#current = index
      if (unit.transaction === 'session' && /lock_timeout/i.test(this.#textOf(unit))) this.#hasOwnLockTimeout = true
      if (index < done.length) {
        // The session that did it is gone, and with it what it had set.
        if (unit.transaction === 'session') await this.#sender.deliver(this.#write(unit))
      } else if (unit.transaction === 'none') await this.#runOutside(unit, index === done.length)
      else if (unit.transaction === 'session') {
        await this.#sender.deliver(this.#write(unit))
        await this.#record('progressed', index, {})
      } else await this.#runInside(unit)
    }
    this.#current = this.#units.length
  }

  /** Brings the session back to what every script can rely on. */
  async reset(): Promise<void> {
    const { session, settings } = this.#run
    if (session.isLost) return
    const role = ['RESET SESSION AUTHORIZATION', 'RESET ROLE']
    await session.send(['ROLLBACK', ...role, ...resetStatements, ...settings].join(';\n'))
  }

  get #statements(): readonly Statement[] {
    return this.#script.parsed.statements
  }

  /** A transaction of its own, tried again while another session holds what it needs. */
  async #runInside(unit: ScriptUnit): Promise<void> {
    const { config, emit, session } = this.#run
    for (let attempt = 1; ; attempt += 1) {
      const message = this.#write(unit)
      try {
        await this.#sender.deliver(message)
        this.#run.ledgerHash = message.ledgerHash
        return
      } catch (error) {
        if (!(error instanceof MessageFailure)) throw error
        await session.send('ROLLBACK')
        if (!isBlocked(error.cause) || attempt > config.lockRetries || config.signal?.aborted) {
          throw new MessageFailure(error.cause, error.sent, error.part, error.blockers, attempt)
        }
        const wait = retryPause(attempt)
        const { sqlState } = error.cause
        emit({ type: 'retry', attempt: attempt + 1, of: config.lockRetries + 1, waitMilliseconds: wait, sqlState })
        await pause(wait, config.signal, `waiting before attempt ${attempt + 1}`)
      }
    }
  }

  async #runOutside(unit: ScriptUnit, isResumed: boolean): Promise<void> {
    const index = this.#current
    const begun = isResumed ? this.#progress.begun : null
    const work = this.#indexWork(unit)
    const earlier = begun?.details == null ? null : (JSON.parse(begun.details) as StartedDetails)
    if (earlier?.index !== undefined) await this.#dropLeftOver(earlier.index)
    if (begun?.hasFailed === false && (await this.#isCompleted(unit, work, earlier))) {
      return await this.#record('progressed', index, {})
    }
    const invalidBefore = work === null ? [] : await findInvalidIndexes(this.#run.session, work)
    if (work?.kind === 'create' && work.index !== null && invalidBefore[0] !== undefined) {
      throw this.#invalidIndex(unit, invalidBefore[0], 'was there before this file ran')
    }
    const existed = work !== null && (await findIndex(this.#run.session, work)) !== null
    await this.#record('started', index, work === null ? {} : { index: { work, invalidBefore, existed } })
    await this.#sender.deliver(this.#write(unit))
    const made = work === null ? null : await findIndex(this.#run.session, work)
    if (made?.isValid === false)
      throw this.#invalidIndex(unit, made.name, 'is invalid although the statement succeeded')
    await this.#record('progressed', index, {})
  }

  /** A run that was killed may have completed the statement; of an index that can be seen. */
  async #isCompleted(unit: ScriptUnit, work: IndexWork | null, earlier: StartedDetails | null): Promise<boolean> {
    // Edited meanwhile: what was under way then is another statement.
    if (work === null || JSON.stringify(earlier?.index?.work) !== JSON.stringify(work)) return false
    if (earlier?.index?.existed !== false) return false
    const found = await findIndex(this.#run.session, work)
    if (found?.isValid !== true) return false
    this.#tell(`${found.name} was completed by an earlier run; statement ${unit.first + 1} is not run again`)
    return true
  }

  async #dropLeftOver({ work, invalidBefore }: NonNullable<StartedDetails['index']>): Promise<void> {
    const found = await findInvalidIndexes(this.#run.session, work)
    for (const name of found.filter((one) => !invalidBefore.includes(one))) {
      await this.#send({ role: 'reset' }, ['SET lock_timeout = 0'])
      await this.#send({ role: 'reset' }, [`DROP INDEX CONCURRENTLY ${name}`])
      await this.#send({ role: 'reset' }, [`SET lock_timeout = ${this.#run.config.lockTimeout}`])
      this.#tell(`dropped the invalid index ${name}, which a failed attempt had left behind`)
    }
  }

  /** Sends statements of our own. */
  async #send(role: SegmentRole, statements: readonly string[]): Promise<void> {
    const writer = new MessageWriter()
    writer.add(role, statements)
    await this.#sender.deliver({ parts: writer.parts, ledgerHash: this.#run.ledgerHash })
  }

  #tell(message: string): void {
    this.#run.emit({ type: 'notice', severity: 'NOTICE', message })
  }

  #invalidIndex(unit: ScriptUnit, name: string, what: string): SchemawayError {
    const { reference, file } = this.#script
    const statement = this.#statements[unit.first]
    const { script, module, version } = reference
    return new SchemawayError(
      'STATEMENT_FAILED',
      `${script}:${statement?.line}:${statement?.column}: the index ${name} ${what}. Nobody can use it. Drop it with DROP INDEX ` +
        `CONCURRENTLY ${name}, then run again. ${this.#stays}`,
      {
        details: {
          script,
          file,
          module,
          ...(version !== null && { version }),
          ...(statement !== undefined && { line: statement.line, column: statement.column }),
          statement: unit.first + 1,
        },
      },
    )
  }

  #write(unit: ScriptUnit): Message {
    const writer = new MessageWriter()
    const { begin, historyRole, ledgerHash } = this.#run
    const step = this.#step
    if (unit.transaction === 'none' || unit.transaction === 'session') {
      if (unit.transaction === 'none' && this.#isConcurrent(unit)) return this.#writeConcurrent(unit)
      writer.addStatements(this.#script, step, unit)
      return { parts: writer.parts, ledgerHash }
    }
    const ledger = this.#ledgerSql('progressed', this.#current, {})
    const isOwn = unit.transaction === 'own'
    if (!isOwn) writer.add({ role: 'prelude' }, [begin])
    // The COMMIT of the script comes behind the record.
    writer.addStatements(this.#script, step, isOwn ? { ...unit, behind: unit.behind - 1 } : unit)
    const role = historyRole === null ? 'NONE' : quoteIdentifier(historyRole)
    writer.add({ role: 'record', step }, [`SET LOCAL ROLE ${role}`, ledger.sql])
    writer.add({ role: 'commit' }, ['COMMIT'])
    return { parts: writer.parts, ledgerHash: ledger.hash }
  }

  /** A statement by itself; what waits for old transactions must not give up after a moment and leave an invalid index. */
  #writeConcurrent(unit: ScriptUnit): Message {
    const before = new MessageWriter()
    const statement = new MessageWriter()
    const after = new MessageWriter()
    if (!this.#hasOwnLockTimeout) before.add({ role: 'reset' }, ['SET lock_timeout = 0'])
    statement.addStatements(this.#script, this.#step, unit)
    if (!this.#hasOwnLockTimeout) after.add({ role: 'reset' }, [`SET lock_timeout = ${this.#run.config.lockTimeout}`])
    return { parts: [...before.parts, ...statement.parts, ...after.parts], ledgerHash: this.#run.ledgerHash }
  }

  #isConcurrent({ first }: ScriptUnit): boolean {
    const statement = this.#statements[first]
    return statement !== undefined && [...statement.keywords, ...statement.options].includes('CONCURRENTLY')
  }

  #indexWork({ first }: ScriptUnit): IndexWork | null {
    const statement = this.#statements[first]
    return statement === undefined ? null : readIndexWork(this.#script.parsed.text, statement)
  }

  async #record(event: 'started' | 'progressed', index: number, more: Partial<StartedDetails>): Promise<void> {
    const { sql, hash } = this.#ledgerSql(event, index, more)
    const { begin, historyRole } = this.#run
    const role = historyRole === null ? 'NONE' : quoteIdentifier(historyRole)
    await this.#send({ role: 'record', step: this.#step }, [begin, `SET LOCAL ROLE ${role}`, sql, 'COMMIT'])
    this.#run.ledgerHash = hash
  }

  #ledgerSql(event: 'started' | 'progressed', index: number, more: Partial<StartedDetails>) {
    const [draft] = this.#step.ledgerEntries
    const unit = this.#units[index]
    if (draft === undefined || unit === undefined) throw new TypeError('a script without a ledger entry or statement')
    const statement = this.#statements[unit.first]
    const details: StartedDetails = {
      statement: unit.first + 1,
      of: this.#statements.length,
      line: statement?.line ?? 1,
      ...more,
    }
    const entry: LedgerEntry = this.#run.completeEntry({
      ...withoutUndo(draft),
      event,
      sha256: this.#hashes[index] ?? null,
      details: JSON.stringify(details),
    })
    return insertLedgerSql(this.#run.place, [entry], this.#run.ledgerHash, null)
  }

  #textOf(unit: ScriptUnit): string {
    const { text, statements } = this.#script.parsed
    return text.slice(statements[unit.first]?.start, statements[unit.behind - 1]?.end)
  }

  #refuseEdited(): void {
    const { done } = this.#progress
    const at = done.findIndex((hash, index) => hash !== this.#hashes[index])
    if (at === -1) return
    const { reference, file } = this.#script
    const { script, module, version } = reference
    const unit = this.#units[at]
    const statement = unit === undefined ? undefined : this.#statements[unit.first]
    const number = unit === undefined ? this.#statements.length + 1 : unit.first + 1
    const message =
      `${script}${statement === undefined ? '' : `:${statement.line}:${statement.column}`}: statement ${number} is done since ` +
      'an earlier run, and was edited or moved after that'
    const problem: Problem = {
      kind: 'EXECUTED_STATEMENT_CHANGED',
      message,
      script,
      module,
      ...(version !== null && { version }),
    }
    throw new SchemawayError(
      'VALIDATION_FAILED',
      `${message}. The file runs outside a transaction and stopped half-way: ${done.length} of its parts are done, and only ` +
        'what comes behind them may change. Put it back as it was and write the change behind it or into a new migration; or ' +
        'undo by hand what is done and give the file another name, with which it begins anew.',
      {
        details: {
          script,
          file,
          module,
          ...(version !== null && { version }),
          ...(statement !== undefined && { line: statement.line, column: statement.column }),
          statement: number,
          problems: [problem],
        },
      },
    )
  }
}

/** Of the source, so that no value of a placeholder has an influence; rows of a COPY count. */
function hashOf({ parsed }: PlannedScript, { first, behind }: ScriptUnit): string {
  const last = parsed.statements[behind - 1]
  const start = parsed.sourceOffsetOf(parsed.statements[first]?.start ?? 0)
  const end = parsed.sourceOffsetOf(last?.dataEnd ?? last?.end ?? 0)
  return sha256OfBytes(Buffer.from(parsed.source.slice(start, end)))
}

function withoutUndo(draft: LedgerDraft): LedgerDraft {
  return { ...draft, installedRank: null, undoScript: null, undoText: null, placeholders: [] }
}
