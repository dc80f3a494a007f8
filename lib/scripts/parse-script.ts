import { constants } from 'node:buffer'
import type { BigFile } from './big-file.js'
import { decodeScript } from './decode-script.js'
import { type Directives, readDirectives } from './directives.js'
import { holdsDownSection, refuseDownSection } from './down-section.js'
import { type BigScript, parseBigScript, type ReadWhole } from './parse-big-script.js'
import { refuseUnsupported } from './refuse-unsupported.js'
import { replacePlaceholders } from './replace-placeholders.js'
import { removeRestrictCommands } from './restrict-commands.js'
import { describeScanProblem } from './scan-problem.js'
import { scanStatements } from './scanner.js'
import { createScriptContext } from './script-context.js'
import { scriptError } from './script-error.js'
import type { ScriptFile } from './script-file.js'
import type { ScriptPiece } from './script-piece.js'
import { divideIntoUnits, type ScriptUnit } from './script-units.js'
import { createPositionTracker } from './source-position.js'
import type { Statement } from './statement.js'
import { removeOuterTransaction } from './transaction-control.js'
import { chooseTransaction } from './transaction-mode.js'

/** A script that is ready to be sent. */
export interface ParsedScript {
  /** The text of the file, without a byte order mark. Safe to show: it holds no placeholder's value. */
  readonly source: string
  /** What is sent: placeholders replaced, an outer BEGIN and COMMIT blanked. May hold secrets. */
  readonly text: string
  /** What the server will answer one by one. Offsets are in `text`, line and column in the file. */
  readonly statements: readonly Statement[]
  readonly directives: Directives
  /** How it is divided when it runs outside our transaction; null when it runs inside. */
  readonly units: readonly ScriptUnit[] | null
  /** Names of the placeholders that the file uses, lower-case. */
  readonly placeholders: readonly string[]
  /**
   * Place in the file of an offset in `text`.
   *
   * @param offset in UTF-16 units
   * @returns 1-based line, 1-based column in code points, and the UTF-16 offset in `source`
   */
  locate(offset: number): { readonly line: number; readonly column: number; readonly offset: number }
  /** The offset in `source` alone, which costs far less. */
  sourceOffsetOf(offset: number): number
  /**
   * Of a big file that can be sent piece by piece. Its `source`, `text` and `statements` are there as well, but reading one
   * of them takes the whole file into memory.
   */
  readonly pieces?: readonly ScriptPiece[]
}

/**
 * Turns a file into what is sent to the server, or says where it cannot be.
 *
 * @param values values of the placeholders by lower-case name
 * @param options.mixed whether statements that cannot run in a transaction may stand beside others
 * @throws `INVALID_SCRIPT`, `UNKNOWN_PLACEHOLDER`, `INVALID_DIRECTIVE`, `TRANSACTION_CONTROL`, each with line and column
 * @example parseScript(file, new Map([['role_owner', 'schemaway_owner']])).statements.length
 */
export function parseScript(
  file: ScriptFile,
  values: ReadonlyMap<string, string>,
  options: { readonly mixed?: boolean } = {},
): ParsedScript {
  const { big } = file
  if (big === undefined) return parseWhole(file, values, options)
  const read = holdsDownSection(file) ? downSection : parseBigScript(file, big, values)
  if ('pieces' in read) return withPieces(read, () => parseWhole(file, values, options))
  refuseTooBig(file, big, read)
  return parseWhole(file, values, options)
}

const downSection: ReadWhole = {
  reason: 'it ends with what undoes it',
  advice: 'Move what stands behind the comment "Down Migration" to a file of its own.',
}

function parseWhole(
  file: ScriptFile,
  values: ReadonlyMap<string, string>,
  { mixed = false }: { readonly mixed?: boolean },
): ParsedScript {
  const source = decodeScript(file.bytes, file)
  const replaced = replacePlaceholders(source, values, file, file.placeholderMarks)
  const context = createScriptContext(file, source, replaced.toSource)
  refuseDownSection(file, source, createScriptContext(file, source))

  const { statements, problem } = scanStatements(replaced.text)
  const directives = readDirectives(replaced.text, file, context)
  const withoutPsql = removeRestrictCommands({ text: replaced.text, statements })
  // First, because what is refused here may be the cause of the problem: rows behind a \copy are no SQL.
  refuseUnsupported(withoutPsql, context)
  if (problem !== null) throw context.errorAt('INVALID_SCRIPT', problem.offset, describeScanProblem(problem))
  const { kind, configuration = {} } = file
  const mode = chooseTransaction(withoutPsql, { kind, directives, configuration, mixed }, context)
  const sent = mode === 'none' ? withoutPsql : removeOuterTransaction(withoutPsql, context)

  return {
    source,
    text: sent.text,
    statements: replaced.text === source ? sent.statements : placeInFile(sent.statements, source, replaced.toSource),
    directives,
    units: mode === 'none' ? divideIntoUnits(sent, context) : null,
    placeholders: replaced.used,
    locate: context.locate,
    sourceOffsetOf: replaced.toSource,
  }
}

/** @throws `INVALID_SCRIPT` for a file that is longer than a text can be. */
function refuseTooBig(file: ScriptFile, { size }: BigFile, { reason, advice }: ReadWhole): void {
  if (size <= constants.MAX_STRING_LENGTH) return
  const message =
    `the file has ${Math.round(size / 1_000_000)} MB, which is more than can be read as a whole, and it is read so because ` +
    `${reason}. ${advice}`
  throw scriptError('INVALID_SCRIPT', file, { line: 1, column: 1 }, message)
}

/** @param parse reads all of the file, for those who do not know of pieces. */
function withPieces({ pieces, directives, placeholders }: BigScript, parse: () => ParsedScript): ParsedScript {
  let parsed: ParsedScript | null = null
  const whole = (): ParsedScript => {
    parsed ??= parse()
    return parsed
  }
  return {
    get source() {
      return whole().source
    },
    get text() {
      return whole().text
    },
    get statements() {
      return whole().statements
    },
    directives,
    units: null,
    placeholders,
    locate: (offset) => whole().locate(offset),
    sourceOffsetOf: (offset) => whole().sourceOffsetOf(offset),
    pieces,
  }
}

/** A value with line breaks moves everything behind it, so lines and columns are counted again in the file. */
function placeInFile(
  statements: readonly Statement[],
  source: string,
  toSource: (offset: number) => number,
): readonly Statement[] {
  const positionAt = createPositionTracker(source)
  return statements.map((statement) => ({ ...statement, ...positionAt(toSource(statement.start)) }))
}
