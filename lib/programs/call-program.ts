import { type Blocker, SchemawayError } from '../errors/schemaway-error.js'
import { throwIfAborted } from '../run/abort.js'
import type { BlockerWatch } from '../run/blocker-watch.js'
import type { Run } from '../run/open-run.js'
import { ServerError } from '../run/server-error.js'
import type { ExecutedQuery } from '../run/session.js'
import { type FailureContext, isBlocked } from '../run/statement-error.js'
import type { LoadedProgram } from './import-program.js'
import { otherEncodingOf } from './other-encoding.js'
import type { MigrationContext, MigrationProgress, MigrationSql, Savepoint } from './program.js'
import {
  explainQuery,
  type FailedProgram,
  ownFailure,
  ProgramFailure,
  queryFailure,
  type RefusedQuery,
  stoppedFailure,
  thrownFailure,
} from './program-failure.js'
import { lateQuery, leftOpen, refuseLeftovers } from './program-rules.js'
import { type Leftovers, type SendQuery, SqlScope } from './sql-scope.js'
import type { SqlText } from './sql-text.js'
import { neverAnswer, stopGrace, untilStopped } from './until-stopped.js'

/** What one call of `up` or `down` needs. */
export interface ProgramCall {
  readonly program: FailedProgram
  readonly loaded: LoadedProgram
  readonly run: Run
  readonly watch: BlockerWatch
  readonly attempt: number
  /** Whether it runs in a transaction of ours. */
  readonly isInTransaction: boolean
  /** What `backfill` does; given the scope of `sql`, which must rest meanwhile. */
  readonly backfill: (caller: Caller) => MigrationContext['backfill']
}

/** Of queries that are none of the program's own text. */
export const nowhere = (): string => ''

/** Calls `up` or `down`, and sends what it asks for. */
export class Caller {
  readonly call: ProgramCall
  readonly scope: SqlScope
  readonly #refused = new WeakMap<Error, RefusedQuery & { readonly blockers: readonly Blocker[] }>()
  #latest: (RefusedQuery & { readonly blockers: readonly Blocker[] }) | null = null
  /** Errors of ours that came through the program. */
  readonly #own = new WeakSet<Error>()
  /** After it nothing more is sent. */
  #fault: SchemawayError | null = null
  #isOver = false
  #loss: SchemawayError | null = null
  #inFlight: Promise<unknown> = Promise.resolve()
  #savepoints = 0

  constructor(call: ProgramCall) {
    this.call = call
    this.scope = this.createScope()
  }

  /** A `sql` of a part of the program. */
  createScope(send: SendQuery = this.send): SqlScope {
    return new SqlScope(send, (error) => this.#tellLate(error))
  }

  #tellLate({ message }: Error): void {
    this.call.run.emit({ type: 'notice', severity: 'WARNING', message })
  }

  /**
   * @throws ProgramFailure
   * @throws SchemawayError `CONNECTION_LOST`
   */
  async execute(): Promise<void> {
    const forgetLoss = this.call.run.session.onLoss((loss) => (this.#loss = loss))
    try {
      await this.#execute()
    } finally {
      forgetLoss()
    }
  }

  async #execute(): Promise<void> {
    const { program, loaded, run } = this.call
    const { signal } = run.config
    const work = async (stop: AbortSignal): Promise<unknown> =>
      await loaded[program.direction]?.(this.#createContext(stop))
    try {
      await untilStopped(work, { signal, session: run.session }, stopGrace)
    } catch (thrown) {
      await this.#end(true)
      throw this.explainThrown(thrown)
    }
    const left = await this.#end(false)
    if (this.#loss !== null) throw this.#loss
    if (this.#fault !== null) throw this.#failWith(this.#fault)
    if (signal?.aborted) throw stoppedFailure(program, signal.reason)
    refuseLeftovers(program, left)
    const { transactionStatus } = run.session
    // The program caught the error and went on, in a transaction that can only be rolled back.
    if (transactionStatus === 'failed' && this.#latest !== null) throw this.#queryFailure(this.#latest)
    if (transactionStatus !== 'idle' && !this.call.isInTransaction) throw leftOpen(program)
  }

  /** Whatever still runs of the program, it gets at the session no more. */
  async #end(isTold: boolean): Promise<Leftovers> {
    this.#isOver = true
    const left = this.scope.close(lateQuery(this.call.program), isTold)
    await this.#inFlight
    return left
  }

  /** Uses the session. When the program is over, it does not, and nobody waits for an answer any more. */
  async transmit<Answer>(work: () => Promise<Answer>): Promise<Answer> {
    if (this.#isOver) return await neverAnswer()
    const answer = work()
    this.#inFlight = answer.catch(() => {})
    try {
      return await answer
    } finally {
      if (this.#isOver) await neverAnswer()
    }
  }

  /** Sends one query of the program. */
  readonly send: SendQuery = async (query: SqlText, origin: () => string): Promise<ExecutedQuery> => {
    const { watch, run, program, isInTransaction } = this.call
    if (this.#isOver) return await neverAnswer()
    throwIfAborted(run.config.signal, `${program.script.reference.script} was running`)
    if (this.#fault !== null) throw this.#fault
    try {
      const answer = await this.transmit(() => watch.execute(query.text, query.parameters))
      if (isInTransaction && this.#hasEnded(answer.commandTags)) throw this.escape()
      const encoding = otherEncodingOf(run.session)
      if (encoding !== null) throw this.#refuseEncoding(encoding)
      return answer
    } catch (error) {
      if (!(error instanceof ServerError)) throw error
      if (isInTransaction && this.#hasEnded(error.commandTags)) throw this.escape()
      throw this.refuse(error, query, origin)
    }
  }

  /** A COMMIT with another BEGIN behind it leaves a transaction open, but not ours. A ROLLBACK may be one to a savepoint. */
  #hasEnded(commandTags: readonly string[]): boolean {
    return this.call.run.session.transactionStatus === 'idle' || commandTags.includes('COMMIT')
  }

  /** Remembers that the server refused a query. @returns what the program gets to see. */
  refuse(server: ServerError, query: SqlText, origin: () => string): SchemawayError {
    const { watch, program } = this.call
    const { blockers } = watch
    const told = explainQuery(program, { server, query, origin }, this.#context(blockers))
    this.#latest = { server, query, origin, blockers }
    this.#refused.set(told, this.#latest)
    return told
  }

  /** What became of what the program, or a part of it, threw. */
  explainThrown(thrown: unknown): unknown {
    const { program, run } = this.call
    if (this.#loss !== null) return this.#loss
    if (this.#fault !== null) return this.#failWith(this.#fault)
    if (run.config.signal?.aborted) return stoppedFailure(program, run.config.signal.reason)
    const refused = this.findRefused(thrown)
    if (refused !== null) return this.#queryFailure(refused)
    const own = causesOf(thrown).find(
      (one) => one instanceof ProgramFailure || (one instanceof Error && this.#own.has(one)),
    )
    if (own !== undefined) return own
    const latest = this.#latest
    // It may have thrown an error of its own, but what stopped it may be gone the next time.
    const isOver = run.session.transactionStatus === 'failed' && latest !== null && isBlocked(latest.server)
    return isOver ? this.#queryFailure(latest) : thrownFailure(program, thrown)
  }

  /** The query behind what was thrown, or behind its causes. */
  findRefused(thrown: unknown): (RefusedQuery & { readonly blockers: readonly Blocker[] }) | null {
    for (const one of causesOf(thrown)) {
      const refused = one instanceof Error ? this.#refused.get(one) : undefined
      if (refused !== undefined) return refused
    }
    return null
  }

  #queryFailure(refused: RefusedQuery & { readonly blockers: readonly Blocker[] }): ProgramFailure {
    return queryFailure(this.call.program, refused, refused.blockers)
  }

  #createContext(signal: AbortSignal): MigrationContext {
    const { attempt, backfill } = this.call
    return {
      sql: this.scope.sql,
      signal,
      attempt,
      progress: (fact) => this.tellProgress(fact),
      savepoint: this.#savepointIn(this.scope),
      backfill: async (options) => await this.#rememberOwn(() => backfill(this)(options)),
    }
  }

  async #rememberOwn<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work()
    } catch (error) {
      if (error instanceof SchemawayError) this.#own.add(error)
      throw error
    }
  }

  tellProgress({ done, total, message }: MigrationProgress): void {
    const { run, program } = this.call
    if (this.#isOver) return
    for (const [name, value] of Object.entries({ done, total })) {
      const isMissing = value === undefined && name === 'total'
      if (!isMissing && !Number.isFinite(value)) throw new TypeError(`progress() takes a number as \`${name}\`.`)
    }
    const { reference } = program.script
    const text = message === undefined ? null : run.mask(String(message))
    run.emit({ type: 'progress', ...reference, done, total: total ?? null, message: text })
  }

  /** Savepoints while no other query of a scope runs. */
  #savepointIn(scope: SqlScope): Savepoint {
    return async (work) => {
      if (!this.call.isInTransaction)
        throw new TypeError('savepoint() needs a transaction, and the file exports transaction = none.')
      const rest = new TypeError('While savepoint() runs, use the `sql` and the `savepoint` that it hands over.')
      return await scope.alone(async () => await this.#savepoint(work), rest)
    }
  }

  async #savepoint<Result>(
    work: (sql: MigrationSql, savepoint: Savepoint) => Promise<Result> | Result,
  ): Promise<Result> {
    const { program, run } = this.call
    this.#savepoints += 1
    const name = `schemaway_${this.#savepoints}`
    const send = async (text: string) => await this.send({ text, parameters: [], isWritten: true }, nowhere)
    const inner = this.createScope()
    await send(`SAVEPOINT ${name}`)
    try {
      const result = await work(inner.sql, this.#savepointIn(inner))
      refuseLeftovers(program, inner.close(lateQuery(program), false))
      await send(`RELEASE SAVEPOINT ${name}`)
      return result
    } catch (error) {
      inner.close(lateQuery(program), true)
      await inner.settle()
      if (run.session.transactionStatus !== 'idle') {
        await send(`ROLLBACK TO SAVEPOINT ${name};\nRELEASE SAVEPOINT ${name}`)
      }
      throw error
    }
  }

  #context(blockers: readonly Blocker[]): FailureContext {
    const { program, run, attempt, isInTransaction } = this.call
    return {
      message: { parts: [program.part], ledgerHash: null },
      part: program.part,
      blockers,
      attempts: attempt,
      mask: run.mask,
      server: run.session.display,
      ...(!isInTransaction && { remains: 'What was done before stays.' }),
    }
  }

  /** Somebody ended the transaction that the program, or a batch, runs in. */
  escape(): SchemawayError {
    this.#fault ??= this.#escapeError()
    return this.#fault
  }

  #refuseEncoding(encoding: string): SchemawayError {
    const { script } = this.call.program.script.reference
    this.#fault ??= new SchemawayError(
      'INVALID_SCRIPT',
      `${script} changed client_encoding to ${encoding}, but everything is sent as UTF-8: the server would store what follows as other ` +
        'letters. It was stopped before that. Remove the query that changes client_encoding, then run again.',
    )
    return this.#fault
  }

  #failWith({ code, message }: SchemawayError): ProgramFailure {
    return ownFailure(this.call.program, ({ remains }) => ({
      code,
      message: remains === undefined || code !== 'INVALID_SCRIPT' ? message : `${message} ${remains}`,
    }))
  }

  #escapeError(): SchemawayError {
    const { isInTransaction, program } = this.call
    const { script } = program.script.reference
    return new SchemawayError(
      'TRANSACTION_ESCAPED',
      isInTransaction
        ? `${script} ended the transaction that it runs in, with COMMIT or ROLLBACK. After a COMMIT, what it did before is committed ` +
            "and not in history. Remove that query, or export transaction = 'none'; look at what the program left behind, then run again."
        : `\`update\` of a backfill of ${script} ended the transaction of its batch, with COMMIT or ROLLBACK. After a COMMIT, the rows of that ` +
            'batch are changed, and the next run changes them again. Remove that query; look at the rows behind the last recorded batch, ' +
            'then run again.',
    )
  }
}

/** An error with what caused it, and what caused that. */
function causesOf(thrown: unknown): readonly unknown[] {
  const chain: unknown[] = [thrown]
  for (let error = thrown; error instanceof Error && error.cause !== undefined && chain.length < 10; ) {
    error = error.cause
    chain.push(error)
  }
  return chain
}
