import type { ExecutedQuery } from '../run/session.js'
import type { MigrationSql, SqlParameter, SqlRows } from './program.js'
import { readValues } from './row-values.js'
import { Query } from './sql-query.js'
import {
  type Fragment,
  identifierFragment,
  jsonFragment,
  rowsFragment,
  type SqlText,
  type SqlTextWriter,
  writeTemplate,
} from './sql-text.js'
import { neverAnswer } from './until-stopped.js'

/** Beside the rows, not among what a comparison of them sees. */
function withFacts(rows: Record<string, unknown>[], count: number, command: string): SqlRows<Record<string, unknown>> {
  const facts = { count: { value: count }, command: { value: command } }
  return Object.defineProperties(rows, facts) as SqlRows<Record<string, unknown>>
}

/** Sends one query, or throws what the program is to see. */
export type SendQuery = (query: SqlText, origin: () => string) => Promise<ExecutedQuery>

/** What is wrong at the end of a life: queries that nobody waits for. */
export interface Leftovers {
  /** Awaited by nobody, or by something that was itself not awaited. */
  readonly underWay: number
  /** Texts of queries that were made, and neither awaited nor written into another one. */
  readonly forgotten: readonly SqlText[]
}

interface End {
  readonly error: Error
  readonly isTold: boolean
}

/**
 * One life of a `sql`: from the beginning of what it is for to its end. Queries that are made at the same time wait for each
 * other; afterwards there is none.
 */
export class SqlScope {
  readonly sql: MigrationSql
  readonly #send: SendQuery
  readonly #tellLate: (error: Error) => void
  readonly #made = new Set<Query>()
  #line: Promise<unknown> = Promise.resolve()
  #underWay = 0
  #end: End | null = null
  #suspended: Error | null = null

  /** @param tellLate gets the error of a query that comes when all has ended well; nobody else hears of it. */
  constructor(send: SendQuery, tellLate: (error: Error) => void = () => {}) {
    this.#send = send
    this.#tellLate = tellLate
    this.sql = this.#createSql()
  }

  /**
   * Ends its life, once. What still waits for its turn is not sent, and neither that nor a later query gets an answer: nobody waits
   * for it, and a rejection would end the process, before the command can say what happened or while the next migration runs.
   *
   * @param error what there is to say of a later query.
   * @param isTold whether the caller of the command hears of a failure anyway.
   */
  close(error: Error, isTold: boolean): Leftovers {
    const underWay = this.#underWay
    // One that is a part of a forgotten one is taken out while the text of that is written.
    const forgotten = [...this.#made].reverse().flatMap((query) => (this.#made.has(query) ? (textOf(query) ?? []) : []))
    this.#made.clear()
    this.#end ??= { error, isTold: isTold || underWay > 0 || forgotten.length > 0 }
    return { underWay, forgotten }
  }

  /** Resolves when no query is under way any more. */
  async settle(): Promise<void> {
    await this.#line
  }

  /** Runs work while no query of this scope does; one that is made meanwhile fails. */
  async alone<Result>(work: () => Promise<Result>, error: Error): Promise<Result> {
    if (this.#end !== null) return await this.#refuseLate(this.#end)
    if (this.#suspended !== null) throw this.#suspended
    return await this.#inTurn(async () => {
      this.#suspended = error
      try {
        return await work()
      } finally {
        this.#suspended = null
      }
    })
  }

  #createSql(): MigrationSql {
    const tag = (first: unknown, ...rest: unknown[]): Fragment => {
      if (isTemplate(first)) return this.#query(writeTemplate(first, rest))
      if (typeof first === 'string') return identifierFragment([first])
      const items: readonly unknown[] = Array.isArray(first) ? first : [first]
      if (items.every((item) => typeof item === 'string')) return identifierFragment(items)
      if (items.every(isRow) && rest.every((name) => typeof name === 'string')) return rowsFragment(items, rest)
      throw new TypeError('sql(...) takes the name of a table or column, a list of names, or rows to insert.')
    }
    const unsafe = (text: string, parameters: readonly SqlParameter[] = []): Fragment =>
      this.#query((writer) => writer.addUnsafe(text, parameters))
    return Object.assign(tag, { unsafe, json: jsonFragment }) as unknown as MigrationSql
  }

  #query(write: (writer: SqlTextWriter) => void): Query {
    const query = new Query(
      write,
      async (one) => await this.#run(one),
      (one) => this.#made.delete(one),
    )
    this.#made.add(query)
    return query
  }

  async #run(query: Query): Promise<SqlRows<Record<string, unknown>>> {
    if (this.#end !== null) return await this.#refuseLate(this.#end)
    if (this.#suspended !== null) throw this.#suspended
    const text = query.toText()
    return await this.#inTurn(async () => {
      const { rows, columns, commandTags } = await this.#send(text, () => query.origin)
      readValues(rows, columns)
      const tag = commandTags.at(-1) ?? ''
      const count = Number(/\d+$/.exec(tag)?.[0] ?? rows.length)
      return withFacts([...rows], count, tag.replace(/(?: \d+)+$/, ''))
    })
  }

  async #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    this.#underWay += 1
    const answer = this.#line
      .then(async () => (this.#end === null ? { result: await work() } : null))
      .finally(() => {
        this.#underWay -= 1
      })
    this.#line = answer.catch(() => {})
    try {
      const turn = await answer
      if (turn !== null) return turn.result
    } catch (error) {
      if (this.#end === null) throw error
    }
    // Outside the line, which must not wait for what never comes.
    return await neverAnswer()
  }

  async #refuseLate({ error, isTold }: End): Promise<never> {
    if (!isTold) this.#tellLate(error)
    return await neverAnswer()
  }
}

function isTemplate(value: unknown): value is TemplateStringsArray {
  return Array.isArray(value) && 'raw' in value
}

function isRow(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !('isFragment' in value)
}

/** An empty fragment stands for a condition that is not needed. */
function textOf(query: Query): SqlText | null {
  try {
    const text = query.toText()
    return text.text.trim() === '' ? null : text
  } catch {
    // A value that cannot be sent: it was forgotten all the same.
    return { text: '', parameters: [], isWritten: false }
  }
}
