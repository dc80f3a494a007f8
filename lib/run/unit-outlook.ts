import type { PlannedScript } from '../plan/plan.js'
import { type IndexWork, readIndexWork } from '../scripts/concurrent-index.js'
import { mayRunAgain } from '../scripts/script-units.js'
import type { Statement } from '../scripts/statement.js'
import { settleCall } from './refuse-resume.js'

/** How much is known of the unit that is being run. */
export type UnitState =
  /** It was not sent, or its transaction is rolled back. */
  | 'open'
  /** What is done is left as it is, but what it set in its session is being made again in this one. */
  | 'replaying'
  /** It runs in a transaction with its record. */
  | 'inside'
  /** It was sent outside a transaction, and has not answered. */
  | 'under way'
  /** The server said that it failed. */
  | 'failed'
  /** It is done, outside a transaction, and not recorded yet. */
  | 'completed'

/** How every sentence about what remains begins. */
export const outside = 'The file runs outside a transaction'

/** What stays of a script when its run ends in a unit, and what the next migrate() does. */
export function describeRemains({ parsed, reference }: PlannedScript, current: number, state: UnitState): string {
  const unit = parsed.units?.[current]
  const statement = unit === undefined ? undefined : parsed.statements[unit.first]
  if (unit === undefined || statement === undefined) {
    return `${outside}: all of it is done and stays. The next migrate() only records it.`
  }
  const number = unit.first + 1
  const before =
    current === 0
      ? `${outside}; nothing of it was done before.`
      : `${outside}: what stands before statement ${number} of ${parsed.statements.length} is done and stays.`
  const work = readIndexWork(parsed.text, statement)
  // As refuse-resume.ts does: what became of an index can be seen, unless it was made without a name.
  const isSeen = work !== null && (work.kind !== 'create' || work.index !== null)
  const unknown = `It is unknown whether statement ${number} was completed.`
  switch (state) {
    case 'inside':
      return `${before} The next migrate() sees from the ledger whether statement ${number} was committed, and goes on from there.`
    case 'open':
      return `${before} The next migrate() goes on with statement ${number}.`
    case 'replaying':
      return (
        `${before} This run was making again what that part had set in its session. The next migrate() does so, and goes on ` +
        `with statement ${number}.`
      )
    case 'failed':
      return (
        `${before}${mayCommit(statement) ? ` What statement ${number} itself committed before its error stays.` : ''} The next migrate() ` +
        `goes on with statement ${number}.` +
        describeLeftOver(work)
      )
    case 'under way':
      if (isSeen) return `${before} ${unknown} The next migrate() looks, and goes on from there.`
      if (mayRunAgain(statement)) return `${before} ${unknown} The next migrate() runs it again, which does no harm.`
      if (reference.version === null) {
        return (
          `${before} ${unknown} The next migrate() runs it again, since a repeatable migration may run any number of times. If that ` +
          `one statement must not, look first, and call ${settleCall(reference, 'completed')} if it was.`
        )
      }
      return (
        `${before} ${unknown} Look, and say what you found: ${settleCall(reference, 'completed')} goes on behind it, ` +
        `${settleCall(reference, 'repeat')} runs it again.`
      )
    case 'completed': {
      const known = `${before} Statement ${number} is done as well, but that could not be recorded.`
      if (isSeen) return `${known} The next migrate() looks, and goes on from there.`
      if (mayRunAgain(statement)) return `${known} The next migrate() runs it again, which does no harm.`
      return `${known} Say so before the next migrate(): ${settleCall(reference, 'completed')}.`
    }
    default:
      return state satisfies never
  }
}

function describeLeftOver(work: IndexWork | null): string {
  if (work === null || work.kind === 'drop') return ''
  const isTold = work.kind === 'create' ? work.index !== null : work.object !== 'DATABASE' && work.object !== 'SYSTEM'
  return isTold
    ? ' An invalid index that is left behind is dropped by the next migrate().'
    : ' An invalid index that is left behind cannot be told from one of somebody else: the next migrate() names it in a notice, and ' +
        'you drop it.'
}

/** Procedures, and blocks that are not in a transaction, may commit a part of their work. */
function mayCommit({ keywords }: Statement): boolean {
  return keywords[0] === 'CALL' || keywords[0] === 'DO'
}
