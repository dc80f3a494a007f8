import { SchemawayError } from '../errors/schemaway-error.js'
import { type HistoryBeginning, planBaseline, schemasToBegin } from '../plan/plan-baseline.js'
import { findObjects } from '../run/find-objects.js'
import type { Run } from '../run/open-run.js'

/**
 * What a migrate() does where there is no history yet: nothing in empty schemas; where there is content, it writes a
 * baseline when `baselineOnMigrate` says so, and refuses otherwise, since nobody knows which migrations that content
 * stands for.
 *
 * @param rank of the first row.
 * @returns what to begin with, or null.
 * @throws SchemawayError `SCHEMA_NOT_EMPTY`.
 */
export async function beginHistory(run: Run, rank: number): Promise<HistoryBeginning | null> {
  const { config, session, place } = run
  const schemas = schemasToBegin(config)
  const { count, names } = await findObjects(session, schemas, place)
  if (count === 0) return null
  if (config.baselineOnMigrate) return planBaseline(config, rank)
  throw new SchemawayError(
    'SCHEMA_NOT_EMPTY',
    `${session.display} has no history ${place.history}, but there is something in ${schemas.join(', ')} already: ` +
      `${names.join(', ')}${count > names.length ? ` and ${count - names.length} more` : ''}. Say up to which version that ` +
      "content goes, with migrate({ baselineOnMigrate: true, baselineVersion: '<version>' }) or with " +
      "baseline({ baselineVersion: '<version>' }) before; what the baseline covers is never run. With version '0' every " +
      'migration runs. What another tool applied is taken over with adopt(). Or is it the wrong database, `historySchema` or ' +
      '`table`? Nothing was changed.',
    { details: { server: session.display, objects: names } },
  )
}
