import type { HistoryPlace } from './history-row.js'

/** Facts about the ledger that every writing command needs. */
export interface LedgerHead {
  readonly hash: string | null
  readonly highestRank: number
  /** Latest known module, with its requirements, of each script. */
  readonly modules: readonly {
    readonly script: string
    readonly module: string
    readonly requires: readonly string[]
  }[]
}

export function readLedgerHeadSql(place: HistoryPlace): string {
  return (
    `SELECT json_build_object('hash', (SELECT hash FROM ${place.ledger} ORDER BY id DESC LIMIT 1), ` +
    `'highestRank', (SELECT coalesce(max(installed_rank), 0) FROM ${place.ledger}), ` +
    `'modules', (SELECT coalesce(json_agg(m), '[]') FROM (SELECT DISTINCT ON (script) script, module, ` +
    `module_requires AS requires FROM ${place.ledger} WHERE event IN ('applied', 'adopted') ORDER BY script, id DESC) AS m))::text AS head`
  )
}
