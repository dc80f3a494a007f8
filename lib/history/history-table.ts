import { type HistoryPlace, shortenDescription, shortenScript } from './history-row.js'
import { quoteIdentifier, quoteLiteral } from './quote-sql.js'

// Whoever only reads imports these from where they are defined, and need not load the
// DDL.

/** Flyway's own definition of its history table for PostgreSQL, name for name. */
export function createHistorySql(place: HistoryPlace): string {
  const name = (suffix: string): string => quoteIdentifier(`${place.historyName}_${suffix}`)
  return `CREATE TABLE ${place.history} (
    "installed_rank" INT NOT NULL,
    "version" VARCHAR(50),
    "description" VARCHAR(200) NOT NULL,
    "type" VARCHAR(20) NOT NULL,
    "script" VARCHAR(1000) NOT NULL,
    "checksum" INTEGER,
    "installed_by" VARCHAR(100) NOT NULL,
    "installed_on" TIMESTAMP NOT NULL DEFAULT now(),
    "execution_time" INTEGER NOT NULL,
    "success" BOOLEAN NOT NULL
);
ALTER TABLE ${place.history} ADD CONSTRAINT ${name('pk')} PRIMARY KEY ("installed_rank");
CREATE INDEX ${name('s_idx')} ON ${place.history} ("success");`
}

/** What a history row is written from; times come from the server. */
export interface NewHistoryRow {
  readonly installedRank: number
  readonly version: string | null
  readonly description: string
  readonly type: string
  readonly script: string
  readonly checksum: number | null
}

/**
 * One INSERT for one or more rows.
 *
 * @param rankGuard multiplies into the first rank: an expression that is 1, or fails when the transaction is not ours.
 * @param installedBy the session user, or what the caller says instead.
 * @param executionTimes one SQL expression of integer milliseconds per row.
 */
export function insertHistorySql(
  place: HistoryPlace,
  rows: readonly NewHistoryRow[],
  options: { readonly executionTimes: readonly string[]; readonly installedBy: string; readonly rankGuard?: string },
): string {
  const values = rows.map((row, index) => {
    const rank =
      index === 0 && options.rankGuard !== undefined
        ? `${row.installedRank} OPERATOR(pg_catalog.*) (${options.rankGuard})`
        : String(row.installedRank)
    return `(${[
      rank,
      quoteLiteral(row.version),
      quoteLiteral(shortenDescription(row.description)),
      quoteLiteral(row.type),
      quoteLiteral(shortenScript(row.script)),
      row.checksum === null ? 'NULL' : String(row.checksum),
      quoteLiteral(options.installedBy),
      options.executionTimes[index] ?? '0',
      'true',
    ].join(', ')})`
  })
  return (
    `INSERT INTO ${place.history} (installed_rank, version, description, type, script, checksum, installed_by, ` +
    `execution_time, success) VALUES ${values.join(', ')}`
  )
}
