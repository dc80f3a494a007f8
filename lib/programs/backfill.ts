import { SchemawayError } from '../errors/schemaway-error.js'
import { noUndo } from '../history/ledger-entry.js'
import { insertLedgerSql } from '../history/ledger-table.js'
import { quoteIdentifier } from '../history/quote-sql.js'
import type { LedgerDraft } from '../plan/plan.js'
import { pause, throwIfAborted } from '../run/abort.js'
import { ownTransaction } from '../run/message.js'
import { askAsHistoryRole } from '../run/read-ledger.js'
import { retryPause } from '../run/retry-pause.js'
import { ServerError } from '../run/server-error.js'
import { isBlocked } from '../run/statement-error.js'
import { sha256OfBytes } from '../scripts/sha256.js'
import { chooseKey, type KeyedTable, readKeysSql } from './backfill-key.js'
import { refuseOrBeginAnew } from './backfill-obstacle.js'
import { checkOptions } from './backfill-options.js'
import { type BackfillDetails, type BackfillProgress, findBackfill, readBackfillSql } from './backfill-progress.js'
import { findKeySql, type KeyRange, type KeyValues, readKey, writeRange } from './backfill-range.js'
import { type Caller, nowhere } from './call-program.js'
import type { BackfillOptions, SqlFragment } from './program.js'
import { refuseLeftovers } from './program-rules.js'
import type { SqlScope } from './sql-scope.js'
import { Fragment, type SqlText, SqlTextWriter } from './sql-text.js'

const defaultBatchSize = 5_000

/** What is gone through, and up to where. */
interface Course {
  readonly table: KeyedTable
  /** See {@link BackfillDetails}. */
  readonly definition: string
  /** Key of the last row when this run began: rows that are put or moved behind it would keep it running for ever. */
  readonly bound: KeyValues
}

/** Goes through a table in the order of a unique key, batch by batch. */
export class Backfill {
  readonly #caller: Caller
  readonly #options: BackfillOptions
  readonly #name: string
  readonly #batchSize: number
  readonly #draft: LedgerDraft

  /** @throws TypeError for options that cannot be. */
  constructor(caller: Caller, options: BackfillOptions) {
    checkOptions(options)
    this.#caller = caller
    this.#options = options
    this.#name = options.name ?? options.table
    this.#batchSize = options.batchSize ?? defaultBatchSize
    const [draft] = caller.call.program.step.ledgerEntries
    if (draft === undefined) throw new TypeError('a program without a ledger entry')
    this.#draft = draft
  }

  /** @param names of the backfills that this call of `up` has begun or done; gets this one's. */
  async execute(names: Set<string>): Promise<{ readonly rows: number; readonly batches: number }> {
    if (names.has(this.#name)) {
      throw new TypeError(
        `backfill(): this is the second backfill named "${this.#name}" in this file; give it a \`name\` of its own. Unnamed ones are called ` +
          'like their table. By its name a backfill finds how far it came.',
      )
    }
    names.add(this.#name)
    try {
      return await this.#caller.scope.alone(async () => await this.#goThrough(), restError())
    } catch (error) {
      // The program may call it again; it goes on behind its last batch.
      names.delete(this.#name)
      throw error
    }
  }

  async #goThrough(): Promise<{ readonly rows: number; readonly batches: number }> {
    const { run, program } = this.#caller.call
    const { script } = program.script.reference
    const { pauseMilliseconds = 0 } = this.#options
    if (run.session.transactionStatus !== 'idle')
      throw new TypeError('backfill() was called inside a transaction; COMMIT first.')
    const table = await this.#findTable()
    const definition = this.#describe(table)
    let progress = await this.#readProgress(table, definition)
    const bound = await this.#withRetries(() => this.#findKey(table, findKeySql(table, null, 'last')))
    const total = this.#options.where === undefined && table.estimate > 0 ? table.estimate : undefined
    while (bound !== null) {
      throwIfAborted(run.config.signal, `${script} was running`)
      const course = { table, definition, bound }
      const behind = progress
      const next = await this.#withRetries(() => this.#batch(course, behind))
      if (next === null) break
      progress = next
      this.#caller.tellProgress({ done: next.rows, total, message: this.#name })
      if (pauseMilliseconds > 0) await pause(pauseMilliseconds, run.config.signal, `${script} was running`)
    }
    return { rows: progress?.rows ?? 0, batches: progress?.batches ?? 0 }
  }

  async #findTable(): Promise<KeyedTable> {
    const { table, key } = this.#options
    const { rows } = await this.#send({ text: readKeysSql, parameters: [table], isWritten: true })
    const found = rows[0]?.['found']
    return chooseKey(typeof found === 'string' ? found : null, table, key === undefined ? null : [key].flat())
  }

  /** What must not change while it is half-done: a last key would mean something else. */
  #describe({ table, key }: KeyedTable): string {
    const where = this.#condition(this.#caller.createScope())
    const text = where === null ? null : compile(where)
    return sha256OfBytes(
      Buffer.from(
        JSON.stringify([table, key.map(({ name, type }) => [name, type]), text?.text ?? null, text?.parameters ?? []]),
      ),
    )
  }

  async #readProgress({ identity }: KeyedTable, definition: string): Promise<BackfillProgress | null> {
    const { run, loaded, program } = this.#caller.call
    const { rows } = await this.#caller.transmit(() =>
      askAsHistoryRole<{ rows: string }>(run, readBackfillSql(run.place, this.#draft.module, this.#name)),
    )
    const requires = run.config.selection.modules.map((module) => [module.name, module.requires] as const)
    const known = findBackfill(rows, this.#draft, new Map(requires))
    if (known === null) return null
    const { details, sha256 } = known
    const tell = (message: string): void => run.emit({ type: 'notice', severity: 'WARNING', message })
    const anew = refuseOrBeginAnew(program.script, known, { backfill: this.#name, definition, identity })
    if (anew !== null) {
      tell(anew)
      return null
    }
    if (sha256 !== loaded.sha256) {
      tell(
        `${program.script.reference.script} was edited while its backfill "${this.#name}" was half-done: it goes on, and ${details.rows} rows ` +
          'stay as they were changed before',
      )
    }
    return details
  }

  /** What is tried again while another session holds what it needs. */
  async #withRetries<Result>(work: () => Promise<Result>): Promise<Result> {
    const { run } = this.#caller.call
    const { config, session, emit } = run
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await work()
      } catch (error) {
        if (session.isLost) throw error
        if (session.transactionStatus !== 'idle') await this.#caller.transmit(() => session.send('ROLLBACK'))
        const refused = this.#caller.findRefused(error)
        const isOver = refused === null || !isBlocked(refused.server) || attempt > config.lockRetries
        if (isOver || config.signal?.aborted) throw error
        const waitMilliseconds = retryPause(attempt, refused.server, config.lockTimeout)
        const { sqlState } = refused.server
        emit({ type: 'retry', attempt: attempt + 1, of: config.lockRetries + 1, waitMilliseconds, sqlState })
        await pause(waitMilliseconds, config.signal, `waiting before attempt ${attempt + 1}`)
      }
    }
  }

  /** One transaction: where the batch ends, its rows, and the record of it. */
  async #batch(
    { table, definition, bound }: Course,
    progress: BackfillProgress | null,
  ): Promise<BackfillProgress | null> {
    const { run, program } = this.#caller.call
    await this.#sendOwn([...run.begin, 'SET LOCAL schemaway.own = 1'])
    const scope = this.#caller.createScope(async (query, origin) => {
      const answer = await this.#caller.send(query, origin)
      if (run.session.transactionStatus === 'idle') throw this.#caller.escape()
      return answer
    })
    try {
      const after = progress?.lastKey ?? null
      const end = await this.#findEnd(table, scope, { after, upTo: bound })
      if (end === null) {
        await this.#sendOwn(['COMMIT'])
        return null
      }
      const range = this.#range(table, scope, { after, upTo: end }, this.#options.alias ?? null)
      const used = { isUsed: false }
      const rows = countOf(await this.#options.update(scope.sql, watchUse(range, used)))
      // Writes the texts of what is left over, in which the range may be used; unused, it belongs to it itself.
      const left = scope.close(restError(), false)
      if (!used.isUsed) {
        throw new TypeError(
          'backfill(): `update` does not use its `range`, so it would change every row in every batch.',
        )
      }
      refuseLeftovers(program, left)
      const next = { lastKey: end, rows: (progress?.rows ?? 0) + rows, batches: (progress?.batches ?? 0) + 1 }
      await this.#commit({
        statement: 1,
        of: 1,
        line: 1,
        backfill: this.#name,
        definition,
        identity: table.identity,
        ...next,
      })
      return next
    } finally {
      scope.close(restError(), true)
      await scope.settle()
    }
  }

  /** Key of the last row of the next batch in a range, or null when there is none. */
  async #findEnd(table: KeyedTable, scope: SqlScope, range: KeyRange): Promise<KeyValues | null> {
    const { alias } = this.#options
    const find = async (which: number | 'last'): Promise<KeyValues | null> => {
      const condition = this.#range(table, scope, range, alias ?? null)
      return await this.#findKey(table, findKeySql(table, condition, which, alias ?? null))
    }
    const end = (await find(this.#batchSize)) ?? (await find('last'))
    if (end !== null && JSON.stringify(end) === JSON.stringify(range.after)) {
      const key = end.join(', ')
      throw new TypeError(
        `backfill(): the key behind ${key} reads as ${key} again, so it would go on for ever. The text of its type is no exact ` +
          'image of its values: choose another `key`.',
      )
    }
    return end
  }

  async #findKey(table: KeyedTable, query: SqlText): Promise<KeyValues | null> {
    return readKey(table, (await this.#send(query)).rows[0])
  }

  #range(table: KeyedTable, scope: SqlScope, range: KeyRange, alias: string | null): Fragment {
    return writeRange(table, range, { alias, where: this.#condition(scope) })
  }

  #condition(scope: SqlScope): Fragment | null {
    const where: SqlFragment | undefined = this.#options.where?.(scope.sql)
    if (where === undefined) return null
    if (where instanceof Fragment) return where
    throw new TypeError('backfill(): `where` has to return a condition, such as (sql) => sql`email IS NULL`.')
  }

  async #commit(details: BackfillDetails): Promise<void> {
    const { run, loaded } = this.#caller.call
    const entry = run.completeEntry({
      ...this.#draft,
      event: 'progressed',
      installedRank: null,
      ...noUndo,
      sha256: loaded.sha256,
      details: JSON.stringify(details),
    })
    const { sql, hash } = insertLedgerSql(run.place, [entry], run.ledgerHash, null)
    const role = run.historyRole === null ? 'NONE' : quoteIdentifier(run.historyRole)
    const renewal = run.lock?.renewal ?? []
    const tag = await this.#sendOwn([`SELECT ${ownTransaction}`, `SET LOCAL ROLE ${role}`, sql, ...renewal, 'COMMIT'])
    if (tag !== 'COMMIT')
      throw new SchemawayError('COMMIT_FAILED', `The server answered ${tag ?? 'nothing'} to the COMMIT of a batch.`)
    run.ledgerHash = hash
  }

  async #send(query: SqlText) {
    return await this.#caller.send(query, nowhere)
  }

  /** Statements of our own. @returns the tag of the last one. */
  async #sendOwn(statements: readonly string[]): Promise<string | undefined> {
    const text = statements.join(';\n')
    try {
      return (await this.#caller.transmit(() => this.#caller.call.watch.send(text))).commandTags.at(-1)
    } catch (error) {
      if (!(error instanceof ServerError)) throw error
      // What marks the transaction as ours is gone: there is another one.
      if (error.sqlState === '22P02' || error.sqlState === '42704') throw this.#caller.escape()
      throw this.#caller.refuse(error, { text, parameters: [], isWritten: false }, nowhere)
    }
  }
}

function compile(fragment: Fragment): SqlText {
  const writer = new SqlTextWriter()
  fragment.writeTo(writer)
  return writer.finish()
}

function watchUse(fragment: Fragment, used: { isUsed: boolean }): Fragment {
  return new Fragment((writer) => {
    used.isUsed = true
    fragment.writeTo(writer)
  })
}

function countOf(answer: unknown): number {
  const count = typeof answer === 'object' && answer !== null && 'count' in answer ? answer.count : 0
  return typeof count === 'number' ? count : 0
}

function restError(): TypeError {
  return new TypeError('While backfill() runs, use the `sql` that `update` gets; one backfill at a time.')
}
