import type { PlannedScript, PlanStep } from '../plan/plan.js'

/** What a part of a message is for, so that an error can be traced to its cause. */
export type SegmentRole =
  | { readonly role: 'script'; readonly script: PlannedScript; readonly step: PlanStep }
  /** Fails when the script before it ended our transaction. */
  | { readonly role: 'guard' | 'record'; readonly step: PlanStep }
  | { readonly role: 'prelude' | 'dataLossCheck' | 'commit' | 'reset' }

export type Segment = SegmentRole & {
  /** UTF-16 offsets in the message. */
  readonly start: number
  readonly end: number
  /** Number of statements in the message before this part. */
  readonly statementsBefore: number
  readonly statements: number
}

/** Puts a message together and remembers which part is what. */
export class MessageWriter {
  /** The search path that is surely in force at the end of the message so far; null when it has to be set. */
  searchPath: string | null = null
  readonly #parts: string[] = []
  readonly #segments: Segment[] = []
  #length = 0
  #statements = 0

  get text(): string {
    return this.#parts.join('')
  }

  get segments(): readonly Segment[] {
    return this.#segments
  }

  /** Adds statements of our own. */
  add(role: SegmentRole, statements: readonly string[]): void {
    if (statements.length === 0) return
    this.#append(role, statements.join(';\n'), statements.length)
  }

  /** Adds the text of a script. The line break ends a comment that the script may end with. */
  addScript(script: PlannedScript, step: PlanStep): void {
    this.#append({ role: 'script', script, step }, script.parsed.text, script.parsed.statements.length)
  }

  #append(role: SegmentRole, text: string, statements: number): void {
    this.#segments.push({
      ...role,
      start: this.#length,
      end: this.#length + text.length,
      statementsBefore: this.#statements,
      statements,
    })
    const part = `${text}\n;\n`
    this.#parts.push(part)
    this.#length += part.length
    this.#statements += statements
  }
}
