import type { SchemawayError } from '../errors/schemaway-error.js'
import { type LedgerEntry, noUndo } from '../history/ledger-entry.js'
import { insertLedgerSql } from '../history/ledger-table.js'
import type { LedgerDraft, Plan } from '../plan/plan.js'
import type { ScriptReference } from './events.js'
import { untilSettled } from './history-moved.js'
import type { Run } from './open-run.js'
import { readHistory } from './prepare-history.js'

/** The one thing that a failed migration leaves behind: a row in the ledger. */
export async function recordFailure(
  plan: Plan,
  run: Run,
  error: SchemawayError,
  subject: ScriptReference,
): Promise<void> {
  const step = plan.steps.find((one) => one.reference === subject)
  const draft = step?.ledgerEntries.find((one) => one.script === subject.script)
  if (draft === undefined || run.session.isLost) return
  const { sqlState, serverMessage, line, column } = error.details
  const entry: LedgerEntry = run.completeEntry({
    ...withoutUndo(draft),
    error: JSON.stringify({ code: error.code, sqlState, message: serverMessage, line, column }),
  })
  let isMoved = false
  await untilSettled(async () => {
    // Another process went on in the ledger meanwhile; the failure is told behind what it did.
    if (isMoved) await readHistory(run)
    isMoved = true
    const ledger = insertLedgerSql(run.place, [entry], run.ledgerHash, ['0'])
    await run.writeAsHistoryRole([ledger.sql])
    run.ledgerHash = ledger.hash
  })
}

function withoutUndo(draft: LedgerDraft): LedgerDraft {
  return { ...draft, event: 'failed', installedRank: null, ...noUndo }
}
