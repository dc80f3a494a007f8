import { SchemawayError } from '../errors/schemaway-error.js'
import type { PlannedScript } from '../plan/plan.js'
import { describeReference } from '../run/describe-reference.js'
import { settleCall } from '../run/refuse-resume.js'
import type { TableIdentity } from './backfill-key.js'
import type { BackfillDetails, KnownBackfill } from './backfill-progress.js'

/** Why a half-done backfill cannot go on behind its last key. */
interface Obstacle {
  readonly kind: 'EXECUTED_STATEMENT_CHANGED' | 'UNFINISHED_SCRIPT_OVERTAKEN'
  /** What is wrong, without a full stop. */
  readonly message: string
  readonly advice: string
}

/**
 * Decides whether a half-done backfill goes on. A repeatable, which may run any number of times, begins anew when what it did may
 * be gone.
 *
 * @returns null when it goes on; otherwise the notice that it begins anew.
 * @throws SchemawayError `VALIDATION_FAILED` when it cannot go on by itself.
 */
export function refuseOrBeginAnew(
  { reference, file }: PlannedScript,
  known: KnownBackfill,
  now: Pick<BackfillDetails, 'backfill' | 'definition' | 'identity'>,
): string | null {
  const obstacle = findObstacle(known, now, settleCall(reference, 'restart'))
  if (obstacle === null) return null
  const { kind, advice } = obstacle
  const message = `${reference.script}: the backfill "${now.backfill}" is half-done since an earlier run (${known.details.rows} rows), and ${obstacle.message}`
  if (kind === 'UNFINISHED_SCRIPT_OVERTAKEN' && reference.version === null) return `${message}: it begins anew`
  throw new SchemawayError('VALIDATION_FAILED', `${message}. ${advice}`, {
    details: {
      ...describeReference(reference),
      file,
      problems: [{ kind, message, ...describeReference(reference) }],
    },
  })
}

function findObstacle(
  { details, overtakenBy }: KnownBackfill,
  now: Pick<BackfillDetails, 'definition' | 'identity'>,
  restart: string,
): Obstacle | null {
  const isAnother = isAnotherTable(details.identity, now.identity)
  if (overtakenBy !== null || isAnother) {
    return {
      kind: 'UNFINISHED_SCRIPT_OVERTAKEN',
      message: overtakenBy === null ? 'its table was made anew after that' : `${overtakenBy} was undone after that`,
      advice: `Rows that were done may be gone. Call ${restart}, behind which it begins anew and does every row there is.`,
    }
  }
  if (details.definition === now.definition) return null
  return {
    kind: 'EXECUTED_STATEMENT_CHANGED',
    message: 'its table, key or where was changed after that',
    advice:
      'Where it stopped would mean another place. Put them back as they were; or call ' +
      `${restart}, or give the backfill another name, and it begins anew and does every row again. Also a value in \`where\` has to be the ` +
      'same in every run, which new Date() is not: write now() into the text instead.',
  }
}

/** In a copy of the database every table is another one, and all of them came along. */
function isAnotherTable(before: TableIdentity, now: TableIdentity): boolean {
  return before.database === now.database && before.table !== now.table
}
