import { constants } from 'node:buffer'
import type { SchemawayError } from '../errors/schemaway-error.js'
import type { BigFile } from './big-file.js'
import { mayShareLineWithCopy } from './copy-data.js'
import { nulError } from './decode-script.js'
import { type Directives, findDirectiveComments, readDirectives } from './directives.js'
import { findCopiedRows } from './find-copied-rows.js'
import { isNonTransactional } from './non-transactional.js'
import { defaultMarks, type PlaceholderMarks, type ReplacedText, substitutePlaceholders } from './placeholders.js'
import { excerptOfFile, positionInFile } from './position-in-file.js'
import { refuseUnsupported } from './refuse-unsupported.js'
import { describeUnknown } from './replace-placeholders.js'
import { removeRestrictCommands } from './restrict-commands.js'
import { describeScanProblem, type ScanProblem } from './scan-problem.js'
import { scanUpToCopy } from './scanner.js'
import type { ScriptContext } from './script-context.js'
import { scriptError } from './script-error.js'
import type { ScriptFile } from './script-file.js'
import { createScriptPiece, joinPieces, type PieceDraft, type ScriptPiece } from './script-piece.js'
import type { Statement } from './statement.js'
import { controlsTransaction, removeOuterTransaction } from './transaction-control.js'

/** Lengths in bytes. */
interface Lengths {
  /** How much of the file is read at once. What is found in it is garbage soon, the more the longer it is. */
  readonly window: number
  /** Most that is sent at once, unless one statement is longer. Each time costs a round trip. */
  readonly message: number
  /** Of a window in which nothing ends; what is sent has to fit into a string, with some statements of our own. */
  readonly longest: number
}

const defaultLengths: Lengths = {
  window: 1 << 15,
  message: 1 << 19,
  longest: constants.MAX_STRING_LENGTH - (1 << 20),
}
/** Enough statements that control a transaction to know which one is wrong. */
const mostControls = 3

/** A script that is ready to be sent piece by piece. */
export interface BigScript {
  readonly pieces: readonly ScriptPiece[]
  readonly directives: Directives
  readonly placeholders: readonly string[]
}

/** Why a script cannot be sent piece by piece. */
export interface ReadWhole {
  /** Completes "it is read as a whole, because". */
  readonly reason: string
  readonly advice: string
}

/** A stretch of the file: its text, what is sent of it, and what was found in there. */
interface Window {
  readonly from: number
  readonly source: string
  readonly replaced: ReplacedText
  readonly statements: readonly Statement[]
  readonly problem: ScanProblem | null
  readonly isLast: boolean
}

/** A statement, with the byte of the file where it starts in place of its offset. */
interface PlacedStatement extends Statement {
  readonly piece: number
  readonly range: { readonly start: number; readonly end: number }
}

/**
 * As `parseScript()`, for a file that is not in memory: it is read once from its beginning to its end, and only what is
 * needed to read its pieces again is kept. The rows of a COPY are passed over.
 *
 * @returns the reason when the script has to be read as a whole: it runs outside a transaction, rows hold placeholders, a
 *   directive stands late, or a statement begins or ends inside a placeholder's value
 * @throws `INVALID_SCRIPT`, `UNKNOWN_PLACEHOLDER`, `INVALID_DIRECTIVE`, `TRANSACTION_CONTROL`, each with line and column
 */
export function parseBigScript(
  file: ScriptFile,
  big: BigFile,
  values: ReadonlyMap<string, string>,
  lengths: Partial<Lengths> = {},
): BigScript | ReadWhole {
  if (file.kind === 'undo' || file.kind === 'drop') return undoes
  if (file.configuration?.executeInTransaction === false) return runsOutside
  return new BigScriptReader(file, big, values, { ...defaultLengths, ...lengths }).read()
}

const undoes: ReadWhole = { reason: 'it undoes what others made', advice: 'Divide it.' }
const runsOutside: ReadWhole = { reason: 'it runs outside a transaction', advice: 'Divide it.' }
const literally = 'say placeholderReplacement=false in a .conf file beside it if nothing is to be replaced.'
const rowsHoldPlaceholders: ReadWhole = {
  reason: 'a placeholder stands among the rows of a COPY',
  advice: `Divide it, or ${literally}`,
}
const valueIsDivided: ReadWhole = {
  reason: "a statement ends inside a placeholder's value",
  advice: `Write the semicolon into the file and not into the value, or ${literally}`,
}
const directiveIsLate: ReadWhole = {
  reason: 'a comment with a directive stands behind its first statements',
  advice: 'Remove that comment.',
}

class BigScriptReader {
  readonly #file: ScriptFile
  readonly #big: BigFile
  readonly #values: ReadonlyMap<string, string>
  readonly #marks: PlaceholderMarks | null
  readonly #lengths: Lengths
  readonly #drafts: PieceDraft[] = []
  readonly #used = new Set<string>()
  readonly #controls: PlacedStatement[] = []
  #first: PlacedStatement | null = null
  #last: PlacedStatement | null = null
  #directives: Directives | null = null

  constructor(file: ScriptFile, big: BigFile, values: ReadonlyMap<string, string>, lengths: Lengths) {
    this.#file = file
    this.#big = big
    this.#values = values
    this.#marks = file.placeholderMarks === undefined ? defaultMarks : file.placeholderMarks
    this.#lengths = lengths
  }

  read(): BigScript | ReadWhole {
    const { size } = this.#big
    const hasByteOrderMark = this.#big.read(0, Math.min(3, size)).toString('utf8') === '\ufeff'
    let wanted = this.#lengths.window
    for (let at = hasByteOrderMark ? 3 : 0; at < size; ) {
      const window = this.#open(at, wanted)
      if (window === 'longer') {
        wanted = this.#lengthen(wanted, at)
        continue
      }
      const next = this.#take(window)
      if (next === 'longer') {
        wanted = this.#lengthen(wanted, at)
        continue
      }
      if (typeof next !== 'number') return next
      at = next
      wanted = this.#lengths.window
    }
    const pieces = this.#withoutOuterTransaction()
    return {
      pieces: pieces.map((draft) => createScriptPiece(draft, this.#values, this.#marks)),
      directives: this.#directives ?? {},
      placeholders: [...this.#used],
    }
  }

  /** Whole lines, since a placeholder does not go beyond its line. */
  #open(from: number, wanted: number): Window | 'longer' {
    const { size } = this.#big
    const to = Math.min(from + wanted, size)
    const isLast = to === size
    const bytes = this.#big.view(from, to)
    const usable = isLast ? bytes : bytes.subarray(0, bytes.lastIndexOf(10) + 1)
    if (usable.length === 0) return 'longer'
    const source = usable.toString('utf8')
    const replaced = substitutePlaceholders(source, this.#values, this.#marks)
    const nul = usable.indexOf(0)
    if (nul !== -1) throw this.#nulError(from + nul)
    if (replaced.unknownAt !== null && this.#marks !== null) {
      const byte = byteOf(from, source, replaced.unknownAt)
      const message = describeUnknown(source, replaced.unknownAt, this.#values, this.#marks)
      throw scriptError('UNKNOWN_PLACEHOLDER', this.#file, positionInFile(this.#big, byte), message)
    }
    return { from, source, replaced, isLast, ...scanUpToCopy(replaced.text) }
  }

  /** @returns the byte where the next window begins. */
  #take(window: Window): number | 'longer' | ReadWhole {
    const { from, source, replaced, statements, problem, isLast } = window
    const { text } = replaced
    const last = statements.at(-1)
    const isCopy = last?.kind === 'copy-from-stdin' && last.semicolon !== null
    if (isCopy) return this.#takeCopy(window, last)
    if (isLast) {
      const whole = problem === null ? text.length : problem.offset
      // Before the problem is told, because what is refused here may be its cause.
      const obstacle = this.#takePiece(window, { count: statements.length, end: whole, to: this.#big.size, rows: null })
      if (obstacle !== null) return obstacle
      if (problem !== null) throw this.#problemError(window, problem)
      return this.#big.size
    }
    for (let count = statements.length; count > 0; count--) {
      const statement = statements[count - 1]
      if (statement === undefined) break
      const end = statement.semicolon === null ? statement.end : statement.semicolon + 1
      const isComplete = statement.semicolon !== null || statement.kind === 'psql-command'
      if (!isComplete || !isCleanCut(replaced, end)) continue
      const to = byteOf(from, source, replaced.toSource(end))
      return this.#takePiece(window, { count, end, to, rows: null }) ?? to
    }
    // Nothing that follows makes it right.
    if (problem?.kind === 'stray-placeholder') throw this.#problemError(window, problem)
    return 'longer'
  }

  #takeCopy(window: Window, copy: Statement): number | 'longer' | ReadWhole {
    const { from, source, replaced, statements, isLast } = window
    const semicolon = copy.semicolon ?? copy.end
    if (!isCleanCut(replaced, semicolon + 1)) return valueIsDivided
    const inSource = replaced.toSource(semicolon)
    const lineEnd = source.indexOf('\n', inSource)
    if (lineEnd === -1 && !isLast) return 'longer'
    const rest = source.slice(inSource + 1, lineEnd === -1 ? source.length : lineEnd)
    const to = byteOf(from, source, inSource + 1)
    const first = byteOf(from, source, lineEnd + 1)
    const prefix = this.#marks?.prefix ?? null
    if (prefix !== null && rest.includes(prefix)) return rowsHoldPlaceholders
    const rows = lineEnd === -1 ? null : findCopiedRows(this.#big, first, prefix, this.#lengths.window)
    const piece = {
      count: statements.length,
      end: copy.end,
      to,
      rows: rows === null ? null : { from: first, to: rows.end },
    }
    const obstacle = this.#takePiece(window, piece)
    if (obstacle !== null) return obstacle
    const fail = (kind: ScanProblem['kind']) =>
      this.#problemError(window, { kind, offset: copy.start, line: copy.line, column: copy.column })
    if (lineEnd !== -1 && !mayShareLineWithCopy(rest)) throw fail('copy-shares-line')
    if (rows === null) throw fail('unterminated-copy-data')
    if (rows.nul !== null) throw this.#nulError(rows.nul)
    return rows.holdPlaceholders ? rowsHoldPlaceholders : rows.next
  }

  /** @returns null when the script can still be sent piece by piece. */
  #takePiece(
    window: Window,
    { count, end, to, rows }: { count: number; end: number; to: number; rows: PieceDraft['rows'] },
  ): ReadWhole | null {
    const { from, source, replaced } = window
    const text = replaced.text.slice(0, end)
    const context = this.#contextOf(window)
    const found = window.statements.slice(0, count)
    const { statements } = removeRestrictCommands({ text, statements: found })
    if (this.#directives === null) this.#directives = readDirectives(text, this.#file, context)
    else if (findDirectiveComments(text).length > 0) return directiveIsLate
    if (this.#directives.transaction === 'none') return runsOutside
    refuseUnsupported({ text, statements }, context)
    const kept = new Set(statements)
    for (const statement of statements) {
      if (isNonTransactional(statement)) return runsOutside
      this.#place(statement, () => byteOf(from, source, replaced.toSource(statement.start)))
    }
    for (const name of replaced.used) this.#used.add(name)
    this.#drafts.push({
      file: this.#big,
      from,
      to,
      length: end,
      statements: statements.length,
      onlySets: statements.every(({ keywords }) => keywords[0] === 'SET'),
      firstStatement: 0,
      rows,
      blanks: found.filter((statement) => !kept.has(statement)),
    })
    return null
  }

  /** Remembers what may belong to a transaction around the script. */
  #place(statement: Statement, start: () => number): void {
    const isControl = controlsTransaction(statement)
    const place = (): PlacedStatement => ({
      ...statement,
      start: start(),
      piece: this.#drafts.length,
      range: { start: statement.start, end: (statement.semicolon ?? statement.end - 1) + 1 },
    })
    this.#first ??= place()
    this.#last = null
    if (!isControl) return
    this.#last = place()
    if (this.#controls.length < mostControls) this.#controls.push(this.#last)
  }

  /** The pieces with a plain BEGIN and COMMIT around all of them blanked, as in every script. */
  #withoutOuterTransaction(): readonly PieceDraft[] {
    const found = new Map<number, PlacedStatement>()
    for (const one of [this.#first, ...this.#controls, this.#last]) if (one !== null) found.set(one.start, one)
    const candidates = [...found.values()]
    // What follows them decides whether the last of them is the end of the script.
    const closing = this.#last === null ? [this.#somethingElse()] : []
    const { statements } = removeOuterTransaction(
      { text: '', statements: [...candidates, ...closing] },
      {
        locate: (offset) => ({ ...positionInFile(this.#big, offset), offset }),
        errorAt: (code, offset, message) => this.#errorAt(code, offset, message),
      },
    )
    const kept = new Set<Statement>(statements)
    const blanked = candidates.filter((one) => !kept.has(one))
    for (const { piece, range } of blanked) {
      const draft = this.#drafts[piece]
      if (draft === undefined) continue
      const blanks = [...draft.blanks, range].sort((a, b) => a.start - b.start)
      this.#drafts[piece] = { ...draft, blanks, statements: draft.statements - 1 }
    }
    let firstStatement = 0
    return joinPieces(this.#drafts, this.#lengths.message).flatMap((draft) => {
      const piece = { ...draft, firstStatement }
      firstStatement += draft.statements
      return draft.statements === 0 ? [] : [piece]
    })
  }

  #somethingElse(): Statement {
    const { size: start } = this.#big
    return {
      kind: 'sql',
      start,
      end: start,
      semicolon: null,
      line: 0,
      column: 0,
      keywords: [],
      options: [],
      tokenCount: 1,
    }
  }

  #contextOf({ from, source, replaced }: Window): ScriptContext {
    const byte = (offset: number) => byteOf(from, source, replaced.toSource(offset))
    return {
      locate: (offset) => ({ ...positionInFile(this.#big, byte(offset)), offset: byte(offset) }),
      errorAt: (code, offset, message) => this.#errorAt(code, byte(offset), message),
    }
  }

  #errorAt: (...at: Parameters<ScriptContext['errorAt']>) => SchemawayError = (code, byte, message) => {
    const position = positionInFile(this.#big, byte)
    return scriptError(code, this.#file, position, message, excerptOfFile(this.#big, byte, position))
  }

  #problemError(window: Window, problem: ScanProblem): SchemawayError {
    return this.#contextOf(window).errorAt('INVALID_SCRIPT', problem.offset, describeScanProblem(problem))
  }

  #nulError(byte: number): SchemawayError {
    const sample = this.#big.read(0, Math.min(64, this.#big.size))
    return nulError(this.#file, positionInFile(this.#big, byte), sample)
  }

  /** Not even what a statement has open is a problem here, since the end of the file was never reached. */
  #lengthen(wanted: number, at: number): number {
    if (wanted < this.#lengths.longest) return Math.min(wanted * 2, this.#lengths.longest)
    const message =
      `the statement that begins here does not end within ${Math.round(this.#lengths.longest / 1_000_000)} MB, and more than that ` +
      'cannot be sent at once. Divide it, or close the quote, comment or parenthesis that it leaves open.'
    throw this.#errorAt('INVALID_SCRIPT', firstVisibleByte(this.#big, at), message)
  }
}

function firstVisibleByte(file: BigFile, from: number): number {
  let begin = from
  for (const chunk of file.chunks({ from })) {
    const visible = chunk.findIndex((byte) => byte > 0x20)
    if (visible !== -1) return begin + visible
    begin += chunk.length
  }
  return from
}

/** Whether what stands before and behind an offset also stands side by side in the file. */
function isCleanCut({ toSource }: ReplacedText, offset: number): boolean {
  return toSource(offset - 1) + 1 === toSource(offset)
}

function byteOf(from: number, source: string, offset: number): number {
  return from + Buffer.byteLength(source.slice(0, offset))
}
