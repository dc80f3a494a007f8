import type { Statement } from './statement.js'

/**
 * Beginnings of statements that PostgreSQL refuses inside a transaction (error 25001), over the statement's keywords joined
 * by spaces. `.*` stands where a bare name may come between.
 */
const beginnings: readonly RegExp[] = [
  /^CREATE( UNIQUE)? INDEX CONCURRENTLY\b/,
  /^DROP INDEX CONCURRENTLY\b/,
  /^REINDEX (INDEX|TABLE) CONCURRENTLY\b/,
  /^REINDEX (SCHEMA|DATABASE|SYSTEM)\b/,
  /^VACUUM\b/,
  /^(CREATE|DROP) (DATABASE|TABLESPACE|SUBSCRIPTION)\b/,
  /^ALTER SYSTEM\b/,
  /^ALTER DATABASE .*\bSET TABLESPACE\b/,
  /^ALTER TABLE .*\bDETACH PARTITION .*\bCONCURRENTLY$/,
  /^(COMMIT|ROLLBACK) PREPARED\b/,
  /^DISCARD ALL\b/,
]

/**
 * Whether PostgreSQL refuses the statement inside a transaction block.
 *
 * Judged by its keywords alone. What only the server knows is not found: a CALL or DO that commits, CLUSTER or REINDEX of a
 * partitioned table, ALTER SUBSCRIPTION. There the server's error 25001 speaks. CREATE and DROP SUBSCRIPTION count always,
 * although some of their options would allow a transaction.
 */
export function isNonTransactional(statement: Statement): boolean {
  if (statement.kind === 'psql-command') return false
  const keywords = statement.keywords.join(' ')
  if (beginnings.some((beginning) => beginning.test(keywords))) return true
  if (statement.keywords[0] === 'REINDEX') return isSwitchedOn(statement.options, 'CONCURRENTLY')
  return statement.keywords[0] === 'CLUSTER' && namesNoTable(statement)
}

/** `REINDEX (CONCURRENTLY)`, `(CONCURRENTLY true)`, but not `(CONCURRENTLY off)`. */
export function isSwitchedOn(options: readonly string[], name: string): boolean {
  const at = options.indexOf(name)
  return at !== -1 && options[at + 1] !== 'FALSE' && options[at + 1] !== 'OFF'
}

/** `CLUSTER` and `CLUSTER VERBOSE` rewrite every table that was clustered before. */
function namesNoTable({ keywords, options, tokenCount }: Statement): boolean {
  const parentheses = options.length > 0 ? 2 : 0
  const words = keywords[1] === 'VERBOSE' ? 2 : 1
  return tokenCount - parentheses === words
}
