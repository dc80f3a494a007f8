import type { HookPoint } from '../callbacks/hooks.js'
import type { PlannedScript, PlanStep } from '../plan/plan.js'
import type { ScriptPiece } from '../scripts/script-piece.js'
import type { Statement } from '../scripts/statement.js'
import { readCopiedRows } from './copied-rows.js'
import type { CopyData } from './session.js'

/** The line break ends a comment that the text before may end with. */
const separator = '\n;\n'

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
      /** Of a big script: the piece of it that this is. Offsets are then in the text of the piece. */
      readonly piece?: ScriptPiece
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

/** Text that is sent at once. What belongs together is one part, unless rows of a COPY have to be streamed in between or the script is big. */
export interface MessagePart {
  /** Of a part that holds a piece of a big script it is read from the file each time it is asked for. */
  readonly text: string
  readonly segments: readonly Segment[]
  /** Rows for the COPY ... FROM STDIN that ends the part, for which the server then asks. */
  readonly copy: { readonly rows: () => CopyData } | null
  /** The program that runs behind the part, before the next one is sent. */
  readonly program: { readonly script: PlannedScript; readonly step: PlanStep } | null
  /** The hook that is called behind the part, before the next one is sent. */
  readonly hook: { readonly point: HookPoint; readonly step: PlanStep } | null
}

type PartEnd = Partial<Pick<MessagePart, 'copy' | 'program' | 'hook'>>

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
    return isEmpty ? this.#finished : [...this.#finished, this.#part()]
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
    const { pieces } = script.parsed
    if (pieces !== undefined) {
      // A guard is a query, behind which no SET TRANSACTION may come; and what only sets cannot end the transaction.
      let hasOnlySet = true
      for (const piece of pieces) {
        hasOnlySet &&= piece.onlySets
        this.#addBigPiece(script, step, hasOnlySet ? [] : guard, piece)
      }
      return
    }
    const { text, statements } = script.parsed
    this.#addPieces(script, step, guard, { from: 0, end: text.length, first: 0, behind: statements.length })
  }

  /**
   * Lets a program run behind what was added so far.
   *
   * @param guard as for {@link addScript}.
   */
  addProgram(script: PlannedScript, step: PlanStep, guard: readonly string[]): void {
    this.#finish({ program: { script, step } })
    this.add({ role: 'guard', step }, guard)
  }

  /**
   * Lets a hook be called behind what was added so far.
   *
   * @param guard as for {@link addScript}.
   */
  addHook(hook: HookPoint, step: PlanStep, guard: readonly string[]): void {
    this.#finish({ hook: { point: hook, step } })
    this.add({ role: 'guard', step }, guard)
  }

  /**
   * Adds some statements of a script.
   *
   * @param first index of the first one.
   * @param behind index behind the last one.
   * @param guard as for {@link addScript}.
   */
  addStatements(
    script: PlannedScript,
    step: PlanStep,
    { first, behind }: { readonly first: number; readonly behind: number },
    guard: readonly string[] = [],
  ): void {
    const { statements } = script.parsed
    const from = statements[first]?.start ?? 0
    this.#addPieces(script, step, guard, { from, end: statements[behind - 1]?.end ?? from, first, behind })
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
      this.#finish({ copy: { rows: () => readCopiedRows(text, statement) } })
      this.add({ role: 'guard', step }, guard)
      from = behindRows(text, statement)
      firstStatement = index + 1
    }
    const rest = range.behind - firstStatement
    if (from > range.from && rest === 0) return
    this.#append({ role: 'script', script, step, from, firstStatement }, text.slice(from, range.end), rest)
  }

  /** A part of its own, whose text is made when it is sent, so that one piece at a time is in memory. */
  #addBigPiece(script: PlannedScript, step: PlanStep, guard: readonly string[], piece: ScriptPiece): void {
    const { firstStatement, length, statements, rows, file } = piece
    this.#addSegment({ role: 'script', script, step, from: 0, firstStatement, piece }, length, statements)
    const { text: before, segments } = this.#part()
    const copy = rows === null ? null : { rows: () => file.stream(rows.from, rows.to) }
    this.#finishWith({
      get text() {
        return `${before}${piece.text()}${separator}`
      },
      segments,
      copy,
      program: null,
      hook: null,
    })
    this.add({ role: 'guard', step }, guard)
  }

  #finish(end: PartEnd): void {
    this.#finishWith(this.#part(end))
  }

  #finishWith(part: MessagePart): void {
    this.#finished.push(part)
    this.#pieces = []
    this.#segments = []
    this.#length = 0
    this.#statements = 0
  }

  #part({ copy = null, program = null, hook = null }: PartEnd = {}): MessagePart {
    return { text: this.#pieces.join(''), segments: this.#segments, copy, program, hook }
  }

  #addSegment(role: SegmentRole, length: number, statements: number): void {
    this.#segments.push({
      ...role,
      start: this.#length,
      end: this.#length + length,
      statementsBefore: this.#statements,
      statements,
    })
  }

  #append(role: SegmentRole, text: string, statements: number): void {
    this.#addSegment(role, text.length, statements)
    const piece = `${text}${separator}`
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
