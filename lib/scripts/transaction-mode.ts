import { type Directives, findDirectiveComments } from './directives.js'
import { isNonTransactional } from './non-transactional.js'
import type { ScriptConfiguration } from './script-configuration.js'
import type { ScriptContext } from './script-context.js'
import type { ScriptKind } from './script-name.js'
import type { ScannedText, Statement } from './statement.js'
import { controlsTransaction } from './transaction-control.js'

/** Words of a statement that are no name. */
const withoutNames =
  /^(CREATE( UNIQUE)? INDEX CONCURRENTLY|DROP INDEX CONCURRENTLY|REINDEX \w+( CONCURRENTLY)?|(CREATE|DROP|ALTER|COMMENT|INSERT|DELETE|MERGE|LOCK) \w+)/

/** What the caller and the file say about transactions. */
export interface TransactionChoice {
  readonly kind: ScriptKind
  readonly directives: Directives
  readonly configuration: ScriptConfiguration
  /** Whether statements that cannot run in a transaction may stand beside others without a word in the file. */
  readonly mixed: boolean
}

/**
 * Whether a script runs in our transaction, or statement by statement outside. The file says so by a directive or in its
 * `.conf`; otherwise its statements tell.
 *
 * @throws `INVALID_SCRIPT` for a file that mixes without a word, and one whose word cannot be kept; `INVALID_DIRECTIVE`
 *   when directive and `.conf` contradict each other; `TRANSACTION_CONTROL`.
 */
export function chooseTransaction(
  scanned: ScannedText,
  choice: TransactionChoice,
  context: ScriptContext,
): 'ours' | 'none' {
  const { statements } = scanned
  const declared = readDeclaration(scanned, choice, context)
  const outside = statements.find(isNonTransactional)
  if (outside === undefined && declared !== 'none') return 'ours'
  if (choice.kind === 'undo' || choice.kind === 'drop') {
    throw context.errorAt(
      'INVALID_SCRIPT',
      outside?.start ?? 0,
      `${outside === undefined ? 'transaction=none' : wordsOf(outside)} cannot stand in an undo script, which runs in one ` +
        'transaction with what it takes out of history. Use a statement that can, such as DROP INDEX without CONCURRENTLY.',
    )
  }
  if (declared === 'none' || outside === undefined) return 'none'
  if (declared === 'ours') {
    throw context.errorAt(
      'INVALID_SCRIPT',
      outside.start,
      `${wordsOf(outside)} cannot run inside a transaction, but the file asks for one with executeInTransaction=true or ` +
        'transaction=default. Remove that, or move the statement into a file of its own.',
    )
  }
  const control = statements.find((one) => controlsTransaction(one) && !isNonTransactional(one))
  if (control !== undefined) {
    throw context.errorAt(
      'TRANSACTION_CONTROL',
      control.start,
      `${control.keywords[0]} controls a transaction, but ${wordsOf(outside)} in the same file cannot run inside one. Remove ` +
        'it, or put "-- schemaway: transaction=none" at the top of the file.',
    )
  }
  const inside = statements.find((one) => !isNonTransactional(one) && !/^(SET|RESET)$/.test(one.keywords[0] ?? ''))
  if (inside !== undefined && !choice.mixed) throw mixedError(outside, inside, context)
  return 'none'
}

function readDeclaration(
  { text }: ScannedText,
  { directives, configuration }: TransactionChoice,
  context: ScriptContext,
): 'ours' | 'none' | null {
  const { executeInTransaction } = configuration
  const configured = executeInTransaction === undefined ? null : executeInTransaction ? 'ours' : 'none'
  const directed = directives.transaction === undefined ? null : directives.transaction === 'none' ? 'none' : 'ours'
  if (configured !== null && directed !== null && configured !== directed) {
    const comment = findDirectiveComments(text).find((one) => one.text.includes('transaction'))
    throw context.errorAt(
      'INVALID_DIRECTIVE',
      comment?.offset ?? 0,
      `transaction=${directives.transaction} contradicts executeInTransaction=${executeInTransaction} in the .conf file ` +
        'beside it. Remove one of them.',
    )
  }
  return directed ?? configured
}

function mixedError(outside: Statement, inside: Statement, context: ScriptContext) {
  const place = context.locate(inside.start)
  return context.errorAt(
    'INVALID_SCRIPT',
    outside.start,
    `${wordsOf(outside)} cannot run inside a transaction, but ${wordsOf(inside)} in line ${place.line} of the same file can. If ` +
      'one of them fails, those before it stay. Move it into a file of its own, or accept that with ' +
      '"-- schemaway: transaction=none" at the top of the file, or with `mixed: true` for all files.',
  )
}

function wordsOf({ keywords }: Statement): string {
  const words = keywords.join(' ')
  return withoutNames.exec(words)?.[0] ?? keywords[0] ?? ''
}
