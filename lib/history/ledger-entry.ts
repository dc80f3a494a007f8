import { createHash } from 'node:crypto'

/**
 * What happened to a script, or to its history row. `baselined` and `cleaned` are about no script: the first is about a
 * row of the baseline command, the second about a module. A script that runs outside a transaction leaves `started` before
 * a statement that cannot be undone, and `progressed` after each one; their sha256 is that of the statement.
 */
export type LedgerEvent =
  | 'applied'
  | 'adopted'
  | 'undone'
  | 'dropped'
  | 'failed'
  | 'baselined'
  | 'repaired'
  | 'cleaned'
  | 'started'
  | 'progressed'

/** One row of the ledger, without what the table adds. */
export interface LedgerEntry {
  readonly run: string
  readonly event: LedgerEvent
  readonly module: string
  /** Modules that this script's module required when it was applied. */
  readonly moduleRequires: readonly string[]
  readonly kind: string
  readonly version: string | null
  readonly description: string
  readonly script: string
  readonly installedRank: number | null
  readonly checksum: number | null
  /** Of the bytes in UTF-8: a script in another encoding is translated when it is read. */
  readonly sha256: string | null
  /** Path of the undo (or drop) script whose text is kept. */
  readonly undoScript: string | null
  /** Text of the undo (or drop) script before placeholder replacement. */
  readonly undoText: string | null
  /** Names of the placeholders that the undo text needs; their values may be secrets and are not kept. */
  readonly placeholders: readonly string[]
  /** For a failed run: SQLSTATE and message, as JSON text. */
  readonly error: string | null
  /** For a repair, what history said before and after; for a clean, what went; for a statement that was started or is done, which one. As JSON text. */
  readonly details?: string | null
  readonly login: string
  /** Application, host and process that ran it. */
  readonly client: string
  readonly toolVersion: string
}

/** Of what keeps no text to undo it. */
export const noUndo = { undoScript: null, undoText: null, placeholders: [] } as const satisfies Partial<LedgerEntry>

/** A ledger row as it stands in the table. */
export interface LedgerRow extends LedgerEntry {
  readonly id: number
  /** ISO 8601 in UTC with milliseconds, by the server's clock. */
  readonly occurredAt: string
  /** Milliseconds. */
  readonly executionTime: number
  readonly hash: string
}

/**
 * The hash that chains a row to the one before it. It covers every column except the id and the two clock readings,
 * which only the server knows.
 *
 * An edit, a removed row and a changed order show, unless whoever made them writes the chain anew. Rows cut off at the
 * end do not: nothing follows them.
 */
export function hashEntry(entry: LedgerEntry, previousHash: string | null): string {
  const fields = [
    previousHash,
    entry.run,
    entry.event,
    entry.module,
    entry.moduleRequires,
    entry.kind,
    entry.version,
    entry.description,
    entry.script,
    entry.installedRank,
    entry.checksum,
    entry.sha256,
    entry.undoScript,
    entry.undoText,
    entry.placeholders,
    entry.error,
    entry.login,
    entry.client,
    entry.toolVersion,
    ...(entry.details == null ? [] : [entry.details]),
  ]
  return createHash('sha256').update(JSON.stringify(fields)).digest('hex')
}

/** First row that does not continue the chain, or null when the chain is whole. */
export function findBrokenLink(rows: readonly LedgerRow[]): LedgerRow | null {
  let previous: string | null = null
  for (const row of rows) {
    if (row.hash !== hashEntry(row, previous)) return row
    previous = row.hash
  }
  return null
}
