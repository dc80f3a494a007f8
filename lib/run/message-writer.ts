import type { PlannedScript, PlanStep } from '../plan/plan.js'
import type { Statement } from '../scripts/statement.js'

/** What a part of a message is for, so that an error can be traced to its cause. */
export type SegmentRole =
  | {
      readonly role: 'script'
      readonly script: PlannedScript
      readonly step: PlanStep
      /** UTF-16 offset in the script's text at which this piece of it begins. */
      readonly from: number
      /** Index of its first statement in the script. */
      readonly firstStatement: number
    }
  /** Fails when the script before it ended our transaction. */
  | { readonly role: 'guard' | 'record'; readonly step: PlanStep }
  | { readonly role: 'prelude' | 'dataLossCheck' | 'commit' | 'reset' }

export type Segment = SegmentRole & {
  /** UTF-16 offsets in the part. */
  readonly start: number
  readonly end: number
  /** Number of statements in the part before this segment. */
  readonly statementsBefore: number
  readonly statements: number
}

/** Text that is sent at once. What belongs together is one part, unless rows of a COPY have to be streamed in between. */
export interface MessagePart {
  readonly text: string
  readonly segments: readonly Segment[]
  /** The COPY ... FROM STDIN that ends the part, whose rows the server then asks for. */
  readonly copy: { readonly script: PlannedScript; readonly statement: Statement } | null
}

/** Puts a message together and remembers which part is what. */
export class MessageWriter {
  /** The search path that is surely in force at the end of the message so far; null when it has to be set. */
  searchPath: string | null = null
  readonly #finished: MessagePart[] = []
  #pieces: string[] = []
  #segments: Segment[] = []
  #length = 0
  #statements = 0

  get parts(): readonly MessagePart[] {
    const isEmpty = this.#segments.length === 0
    return isEmpty ? this.#finished : [...this.#finished, this.#part(null)]
  }

  /** Adds statements of our own. */
  add(role: SegmentRole, statements: readonly string[]): void {
    if (statements.length === 0) return
    this.#append(role, statements.join(';\n'), statements.length)
  }

  /**
   * Adds the text of a script. The line break ends a comment that the script may end with.
   *
   * @param guard statements that open each further part, which could otherwise run outside the transaction.
   */
  addScript(script: PlannedScript, step: PlanStep, guard: readonly string[]): void {
    const { text, statements } = script.parsed
    this.#addPieces(script, step, guard, { from: 0, end: text.length, first: 0, behind: statements.length })
  }

  /**
   * Adds some statements of a script.
   *
   * @param first index of the first one.
   * @param behind index behind the last one.
   */
  addStatements(script: PlannedScript, step: PlanStep, { first, behind }: { first: number; behind: number }): void {
    const { statements } = script.parsed
    const from = statements[first]?.start ?? 0
    this.#addPieces(script, step, [], { from, end: statements[behind - 1]?.end ?? from, first, behind })
  }

  #addPieces(
    script: PlannedScript,
    step: PlanStep,
    guard: readonly string[],
    range: { readonly from: number; readonly end: number; readonly first: number; readonly behind: number },
  ): void {
    const { text, statements } = script.parsed
    let { from } = range
    let firstStatement = range.first
    for (let index = range.first; index < range.behind; index += 1) {
      const statement = statements[index]
      if (statement?.kind !== 'copy-from-stdin') continue
      const piece = text.slice(from, statement.end)
      this.#append({ role: 'script', script, step, from, firstStatement }, piece, index + 1 - firstStatement)
      this.#finished.push(this.#part({ script, statement }))
      this.#pieces = []
      this.#segments = []
      this.#length = 0
      this.#statements = 0
      this.add({ role: 'guard', step }, guard)
      from = behindRows(text, statement)
      firstStatement = index + 1
    }
    const rest = range.behind - firstStatement
    if (from > range.from && rest === 0) return
    this.#append({ role: 'script', script, step, from, firstStatement }, text.slice(from, range.end), rest)
  }

  #part(copy: MessagePart['copy']): MessagePart {
    return { text: this.#pieces.join(''), segments: this.#segments, copy }
  }

  #append(role: SegmentRole, text: string, statements: number): void {
    this.#segments.push({
      ...role,
      start: this.#length,
      end: this.#length + text.length,
      statementsBefore: this.#statements,
      statements,
    })
    const piece = `${text}\n;\n`
    this.#pieces.push(piece)
    this.#length += piece.length
    this.#statements += statements
  }
}

/** Behind the line `\.` that ends the rows of a COPY. */
function behindRows(text: string, { dataEnd = text.length }: Statement): number {
  const lineEnd = text.indexOf('\n', dataEnd)
  return lineEnd === -1 ? text.length : lineEnd
}
