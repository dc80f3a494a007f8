import { SchemawayError } from '../errors/schemaway-error.js'
import { otherEncodingOf } from '../programs/other-encoding.js'
import { SqlScope } from '../programs/sql-scope.js'
import type { SqlText } from '../programs/sql-text.js'
import { stopGrace, untilStopped } from '../programs/until-stopped.js'
import { abortedError } from '../run/abort.js'
import { admit } from '../run/admit.js'
import type { BlockerWatch } from '../run/blocker-watch.js'
import type { Run } from '../run/open-run.js'
import { ServerError } from '../run/server-error.js'
import type { ExecutedQuery } from '../run/session.js'
import { explainServerError } from '../run/translate-error.js'
import {
  explainRefused,
  type HookFacts,
  HookFailure,
  type HookFault,
  hookFailed,
  type RefusedHookQuery,
} from './hook-failure.js'
import type { Hook, HookContext } from './hooks.js'

/** Where a hook runs. */
export interface HookPlace {
  readonly run: Run
  readonly watch: BlockerWatch
  /** In the transaction of a migration that is open, or in one of its own, which is opened by its first query. */
  readonly transaction: 'migration' | 'own'
  /** `search_path` for a transaction of its own. */
  readonly searchPath: string
}

/**
 * Calls a hook and waits for it. The transaction of a migration is left open, also by a hook that failed; one of its own is
 * ended.
 *
 * @throws HookFailure in the transaction of a migration.
 * @throws SchemawayError `HOOK_FAILED` with what the hook threw as cause; `ABORTED`, `CONNECTION_LOST`, `LOCK_LOST`.
 */
export async function runHook(hook: Hook, facts: HookFacts, place: HookPlace): Promise<void> {
  await new HookCall(facts, place).execute(hook)
}

class HookCall {
  readonly #facts: HookFacts
  readonly #place: HookPlace
  readonly #isOwn: boolean
  #hasBegun: boolean
  /** The first query that the server refused. */
  #refused: RefusedHookQuery | null = null
  /** After it nothing more is sent. */
  #fault: HookFault | null = null
  /** Why its transaction could not begin. */
  #stopped: SchemawayError | null = null

  constructor(facts: HookFacts, place: HookPlace) {
    this.#facts = facts
    this.#place = place
    this.#isOwn = place.transaction === 'own'
    this.#hasBegun = !this.#isOwn
  }

  async execute(hook: Hook): Promise<void> {
    const { session, config } = this.#place.run
    const { event } = this.#facts
    const scope = new SqlScope(
      async (query) => await this.#send(query),
      (late) => this.#tellLate(late),
    )
    const isOver = new Error(`The hook ${event} has ended, and its sql with it. Await every query in the hook.`)
    const command = config.command as HookContext['command']
    let loss: SchemawayError | undefined
    const forgetLoss = session.onLoss((error) => (loss = error))
    try {
      config.signal?.throwIfAborted()
      const call = async (signal: AbortSignal) => await hook({ ...this.#facts, command, sql: scope.sql, signal })
      await untilStopped(call, { session, signal: config.signal }, stopGrace)
    } catch (error) {
      scope.close(isOver, true)
      await scope.settle()
      if (loss !== undefined) throw loss
      if (this.#stopped !== null) throw this.#stopped
      const failure = await this.#fail(this.#fault ?? { what: 'threw', cause: error })
      throw config.signal?.aborted ? abortedError(`the hook ${event} was running`, config.signal.reason) : failure
    } finally {
      forgetLoss()
    }
    const { underWay, forgotten } = scope.close(isOver, false)
    await scope.settle()
    if (loss !== undefined) throw loss
    if (this.#stopped !== null) throw this.#stopped
    if (this.#fault !== null) throw await this.#fail(this.#fault)
    if (underWay > 0 || forgotten.length > 0) throw await this.#fail({ what: 'ended without awaiting a query' })
    // Whoever catches the error of a query goes on in a transaction in which nothing goes any more.
    if (this.#refused !== null) {
      throw await this.#fail({
        what: 'went on after a query that the server had refused',
        cause: this.#refused.told,
      })
    }
    if (this.#isOwn && this.#hasBegun) await this.#commit()
  }

  async #send({ text, parameters }: SqlText): Promise<ExecutedQuery> {
    const { run, watch } = this.#place
    if (this.#fault !== null) throw new Error(`The hook ${this.#facts.event} ${this.#fault.what}.`)
    if (this.#stopped !== null) throw this.#stopped
    if (!this.#hasBegun) await this.#begin()
    try {
      const answer = await watch.execute(text, parameters)
      this.#checkTransaction(answer.commandTags)
      return answer
    } catch (server) {
      if (!(server instanceof ServerError)) throw server
      this.#checkTransaction(server.commandTags)
      const { blockers } = watch
      const told = explainRefused(server, this.#facts, run, blockers)
      this.#refused ??= { server, blockers, told }
      throw told
    }
  }

  async #begin(): Promise<void> {
    const { run, searchPath } = this.#place
    // Sessions of commands that only look have no time limit of their own.
    const limit = `SET LOCAL lock_timeout = ${run.config.lockTimeout}`
    const text = [...run.care.remember([]), ...run.begin, limit, run.care.setSearchPath(searchPath)].join(';\n')
    try {
      await admit(run, () => run.session.send(text))
    } catch (error) {
      // What is wrong with the lock is no failure of the hook.
      if (error instanceof SchemawayError) this.#stopped = error
      if (!(error instanceof ServerError)) throw error
      // Else a hook that catches this would leave a failed transaction to whatever comes next.
      const { session, care } = run
      if (!session.isLost) await session.send(['ROLLBACK', ...care.afterRoles].join(';\n'))
      this.#stopped = explainServerError(
        error,
        `beginning the transaction of the hook ${this.#facts.event}`,
        session.display,
      )
      throw this.#stopped
    }
    this.#hasBegun = true
  }

  /** @throws Error when the hook did what nothing may be sent after. */
  #checkTransaction(commandTags: readonly string[]): void {
    const { session } = this.#place.run
    const encoding = otherEncodingOf(session)
    // Behind a COMMIT with another BEGIN a transaction is open, but not ours.
    if (session.transactionStatus === 'idle' || commandTags.includes('COMMIT')) {
      this.#fault = {
        what: 'ended the transaction that it ran in, so what it did before may be committed',
        mayRemain: true,
      }
    } else if (encoding !== null) {
      this.#fault = {
        what: `changed client_encoding to ${encoding}, but everything is sent as UTF-8, so the server would store it as other letters`,
      }
    }
    if (this.#fault !== null) throw new Error(`The hook ${this.#facts.event} ${this.#fault.what}.`)
  }

  #tellLate({ message }: Error): void {
    this.#place.run.emit({ type: 'notice', severity: 'WARNING', message })
  }

  async #fail(fault: HookFault): Promise<HookFailure | SchemawayError> {
    const { run } = this.#place
    const { session, mask } = run
    if (!this.#isOwn) {
      const isStopped = session.transactionStatus === 'failed'
      return new HookFailure(this.#facts, fault, isStopped ? this.#refused : null)
    }
    if (this.#hasBegun && !session.isLost) await session.send(['ROLLBACK', ...run.care.afterRoles].join(';\n'))
    return hookFailed(this.#facts, fault, mask)
  }

  async #commit(): Promise<void> {
    const { run } = this.#place
    const { session, mask } = run
    const { event } = this.#facts
    const { afterRoles, check, isShared } = run.care
    try {
      // On the connection that the transaction ran on.
      const behind = isShared ? afterRoles : []
      const text = [...check, ...(run.lock?.renewal ?? []), 'COMMIT', ...behind].join(';\n')
      await admit(run, () => session.send(text), [`The hook ${event}`])
    } catch (cause) {
      if (!(cause instanceof ServerError)) throw cause
      const isOpen = isShared || session.transactionStatus !== 'idle'
      if (isOpen && !session.isLost) await session.send(['ROLLBACK', ...(isShared ? afterRoles : [])].join(';\n'))
      throw hookFailed(this.#facts, { what: 'could not be committed', cause }, mask)
    } finally {
      if (!session.isLost && !isShared) await session.send(afterRoles.join(';\n'))
    }
  }
}
