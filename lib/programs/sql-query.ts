import type { SqlQuery, SqlRows } from './program.js'
import { Fragment, type SqlText, SqlTextWriter } from './sql-text.js'

type Row = Record<string, unknown>
type Answer = SqlRows<Row>

// A query waits to be awaited, because until then it may become a part of another one. So it is no promise, and has the
// method that makes it awaitable.
const thenMethod = 'then'

/** A query that is sent when it is awaited, unless it was written into another one before. */
export class Query extends Fragment implements SqlQuery<Row> {
  readonly #origin = new Error('made here')
  readonly #send: (query: Query) => Promise<Answer>
  readonly #onUsed: (query: Query) => void
  #answer: Promise<Answer> | null = null

  /**
   * @param send called once, when the query is awaited.
   * @param onUsed called when it is awaited, or becomes a part of another one.
   */
  constructor(
    write: (writer: SqlTextWriter) => void,
    send: (query: Query) => Promise<Answer>,
    onUsed: (query: Query) => void,
  ) {
    super(write)
    this.#send = send
    this.#onUsed = onUsed
  }

  /** Stack of where in the program it was made. Written only when it is asked for, which costs more than a query. */
  get origin(): string {
    return this.#origin.stack ?? ''
  }

  override writeTo(writer: SqlTextWriter): void {
    this.#onUsed(this)
    super.writeTo(writer)
  }

  /** @throws TypeError for a value that cannot be a parameter. */
  toText(): SqlText {
    const writer = new SqlTextWriter()
    super.writeTo(writer)
    return writer.finish()
  }

  [thenMethod]<Result = Answer, Other = never>(
    onFulfilled?: ((rows: Answer) => Result | PromiseLike<Result>) | null,
    onRejected?: ((error: unknown) => Other | PromiseLike<Other>) | null,
  ): Promise<Result | Other> {
    return this.#start().then(onFulfilled, onRejected)
  }

  async catch<Other>(onRejected: (error: unknown) => Other | PromiseLike<Other>): Promise<Answer | Other> {
    return await this.#start().catch(onRejected)
  }

  async finally(onFinally: () => void): Promise<Answer> {
    return await this.#start().finally(onFinally)
  }

  #start(): Promise<Answer> {
    this.#onUsed(this)
    this.#answer ??= this.#send(this)
    return this.#answer
  }
}
