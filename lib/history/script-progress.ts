import type { HistoryPlace } from './history-row.js'

/** What the ledger says of a statement of a script that is not finished. */
export interface ProgressRow {
  readonly event: 'started' | 'progressed' | 'failed'
  readonly script: string
  /** Of the statement, for `started` and `progressed`. */
  readonly sha256: string | null
  /** JSON. */
  readonly details: string | null
}

/** How far a script came that runs outside a transaction. */
export interface ScriptProgress {
  /** sha256 of each unit that is done, in order. */
  readonly done: readonly string[]
  /** The unit after them was begun; `details` are those of its latest mark. Null when it was not. */
  readonly begun: {
    readonly details: string | null
    /** Whether its latest attempt ended with an error. Otherwise nobody knows whether it was completed. */
    readonly hasFailed: boolean
  } | null
}

/** Rows about unfinished scripts since they were last applied, undone or cleaned away, as one JSON text. */
export function readProgressSql(place: HistoryPlace): string {
  const events = "('started', 'progressed', 'failed')"
  return (
    `SELECT coalesce(json_agg(json_build_object('event', l.event, 'script', l.script, 'sha256', l.sha256, ` +
    `'details', l.details::text) ORDER BY l.id), '[]')::text AS rows FROM ${place.ledger} AS l ` +
    // Other scripts may have failed as well; most ledgers know of no such script at all.
    `WHERE l.script IN (SELECT s.script FROM ${place.ledger} AS s WHERE s.event IN ('started', 'progressed')) ` +
    `AND l.event IN ${events} ` +
    `AND NOT EXISTS (SELECT FROM ${place.ledger} AS r WHERE r.id > l.id ` +
    `AND ((r.script = l.script AND r.event NOT IN ${events}) OR (r.event = 'cleaned' AND r.module = l.module)))`
  )
}

/** @param rows of one script, oldest first. */
export function summariseProgress(rows: readonly ProgressRow[]): ScriptProgress {
  const done: string[] = []
  let begun = null as ScriptProgress['begun']
  for (const { event, sha256, details } of rows) {
    if (event === 'progressed') {
      done.push(sha256 ?? '')
      begun = null
    } else if (event === 'started') {
      begun = { details, hasFailed: false }
    } else if (begun !== null) {
      begun = { ...begun, hasFailed: true }
    }
  }
  return { done, begun }
}
