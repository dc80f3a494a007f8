import type { HistoryPlace } from '../history/history-row.js'
import { insertHistorySql } from '../history/history-table.js'
import type { LedgerEntry } from '../history/ledger-entry.js'
import { elapsedSinceBegin, insertLedgerSql } from '../history/ledger-table.js'
import { quoteIdentifier, quoteLiteral } from '../history/quote-sql.js'
import type { LedgerDraft, PlanStep } from '../plan/plan.js'
import { type MessagePart, MessageWriter } from './message-writer.js'
import type { SessionCare } from './session-care.js'
import { onlyDefinesTables } from './session-settings.js'

export interface Message {
  /** One, unless rows have to be streamed in between; all in the same transaction. */
  readonly parts: readonly MessagePart[]
  /** Hash with which the ledger's chain goes on after this message. */
  readonly ledgerHash: string | null
}

export interface MessageOptions {
  readonly place: HistoryPlace
  /** Statements that open the transaction. */
  readonly begin: readonly string[]
  /** Statements in front of its end that keep the lock, or refuse to go on without it. */
  readonly renewal: readonly string[]
  /** Who is written into history as the one who installed. */
  readonly installedBy: string
  readonly ledgerHash: string | null
  /** The one of them that came from the server, which has to confirm it; asking about those of our own would be felt in many migrations. */
  readonly readLedgerHash: string | null
  /** Completes a ledger entry with who and where. */
  readonly completeEntry: (draft: LedgerDraft) => LedgerEntry
  /** Role that may write history and ledger when the login itself may not. */
  readonly historyRole: string | null
  /** Whether this message opens, and ends, the transaction. */
  readonly begins: boolean
  readonly commits: boolean
  /** SQL around a rollback that notices dropped tables with rows; null when data loss is allowed. */
  readonly dataLossCheck: { readonly before: string; readonly after: string } | null
  /** Leaves the session as every script expects it. */
  readonly care: SessionCare
  /** Milliseconds that the steps took where the message does not run them itself. */
  readonly elapsed?: number
}

/**
 * Writes the one message that runs steps (in several parts where rows are streamed): BEGIN, then the scripts and what history and ledger say about them, then COMMIT
 * and the reset of the session. Everything between BEGIN and COMMIT stands or falls together.
 */
export function writeMessage(steps: readonly PlanStep[], options: MessageOptions): Message {
  const writer = new MessageWriter()
  const marks = new Marks(steps.length > 1 || !options.begins)
  const { care } = options
  const isSessionUntouched = isUntouched(steps, options)
  if (options.begins) {
    writer.add({ role: 'prelude' }, [
      ...(isSessionUntouched ? [] : care.remember(textsOf(steps))),
      ...options.begin,
      'SET LOCAL schemaway.own = 1',
      ...(options.dataLossCheck === null ? [] : [options.dataLossCheck.before]),
    ])
  }
  let ledgerHash = options.ledgerHash
  for (const group of groupForRecord(steps)) {
    for (const [index, step] of group.entries()) {
      addScripts(writer, step, { marks, care, before: group[index - 1] ?? step })
    }
    ledgerHash = addRecord(writer, group, marks, { ...options, ledgerHash })
  }
  if (options.commits) {
    if (options.dataLossCheck !== null) writer.add({ role: 'dataLossCheck' }, [options.dataLossCheck.after])
    writer.add({ role: 'prelude' }, options.renewal)
    writer.add({ role: 'commit' }, ['COMMIT'])
    writer.add({ role: 'reset' }, isSessionUntouched ? care.afterTables : care.afterScripts)
  }
  return { parts: writer.parts, ledgerHash }
}

/** Whether nothing but settings has to be looked after behind the transaction. */
function isUntouched(steps: readonly PlanStep[], { care, begins, commits, historyRole }: MessageOptions): boolean {
  if (!steps.every((step) => step.scripts.every(onlyDefinesTables))) return false
  // What the other messages of a transaction did is not known here, and a role that is reset may be one of the pooler's.
  return !care.isShared || (begins && commits && historyRole === null)
}

/** Of big scripts, and of programs, nobody knows. */
function textsOf(steps: readonly PlanStep[]): readonly string[] {
  return steps.flatMap(({ scripts }) => scripts.map(({ parsed }) => (parsed.pieces === undefined ? parsed.text : '')))
}

/** Steps that only add rows are recorded together, since one INSERT of many rows costs far less than many. */
function groupForRecord(steps: readonly PlanStep[]): readonly (readonly PlanStep[])[] {
  const removes = (step: PlanStep): boolean => step.removeRanks.length > 0 || step.removeRepeatables.length > 0
  return steps.some(removes) ? steps.map((step) => [step]) : [steps]
}

/** @param around.before the step whose transaction control the opening guard would notice. */
function addScripts(
  writer: MessageWriter,
  step: PlanStep,
  { marks, care, before }: { readonly marks: Marks; readonly care: SessionCare; readonly before: PlanStep },
): void {
  if (marks.areUsed) writer.add({ role: 'guard', step: before }, [marks.set()])
  let isSessionTouched = false
  for (const script of step.scripts) {
    if (script.continuesSession !== true && writer.searchPath !== script.searchPath) {
      writer.add({ role: 'guard', step }, [care.setSearchPath(script.searchPath)])
    }
    const guard = [`SELECT ${ownTransaction}`]
    if (script.program !== undefined) writer.addProgram(script, step, guard)
    else if (script.hook !== undefined) writer.addHook(script.hook, step, guard)
    else if (script.range !== undefined) writer.addStatements(script, step, script.range, guard)
    else writer.addScript(script, step, guard)
    isSessionTouched ||= !onlyDefinesTables(script)
    writer.searchPath = isSessionTouched ? null : script.searchPath
    if (!isSessionTouched || script.leavesSession === true) continue
    writer.add({ role: 'guard', step }, ['RESET SESSION AUTHORIZATION', care.resetRole])
    isSessionTouched = false
  }
}

function addRecord(
  writer: MessageWriter,
  group: readonly PlanStep[],
  marks: Marks,
  options: MessageOptions,
): string | null {
  const last = group.at(-1)
  if (last === undefined) return options.ledgerHash
  const { place, historyRole } = options
  const conditions = group.flatMap((step) => [
    ...(step.removeRanks.length === 0
      ? []
      : [`installed_rank OPERATOR(pg_catalog.=) ANY ('{${step.removeRanks.join(', ')}}'::pg_catalog.int4[])`]),
    ...step.removeRepeatables.map(
      (script) => `(version IS NULL AND script OPERATOR(pg_catalog.=) ${quoteLiteral(script)})`,
    ),
  ])
  const historyRows = group.flatMap((step) => step.historyRows)
  const entries = group.flatMap((step) => step.ledgerEntries.map(options.completeEntry))
  const { elapsed } = options
  const times = group.map((_step, index) =>
    elapsed === undefined ? marks.elapsed(group.length - index) : String(elapsed),
  )
  const perRow = (rowsOf: (step: PlanStep) => readonly unknown[]): readonly string[] =>
    group.flatMap((step, index) => rowsOf(step).map(() => times[index] ?? '0'))
  const ledgerTimes = marks.areUsed || elapsed !== undefined ? perRow((step) => step.ledgerEntries) : null
  const ledger = insertLedgerSql(
    place,
    entries,
    options.ledgerHash,
    ledgerTimes,
    options.ledgerHash !== options.readLedgerHash,
  )
  writer.add({ role: 'record', step: last }, [
    ...(marks.areUsed ? [marks.set()] : []),
    ...(historyRole === null ? [] : [`SET LOCAL ROLE ${quoteIdentifier(historyRole)}`]),
    ...(conditions.length === 0 ? [] : [`DELETE FROM ${place.history} WHERE ${conditions.join(' OR ')}`]),
    historyRows.length === 0
      ? `SELECT ${ownTransaction}`
      : insertHistorySql(place, historyRows, {
          executionTimes: perRow((step) => step.historyRows),
          rankGuard: ownTransaction,
          installedBy: options.installedBy,
        }),
    ...(entries.length === 0 ? [] : [ledger.sql]),
    ...(historyRole === null ? [] : [options.care.resetRole]),
  ])
  return ledger.hash
}

/**
 * 1 inside our own transaction; an error anywhere else, because a COMMIT or ROLLBACK in a script takes the
 * transaction-local setting away. Every name or operator less is felt in a run of a thousand small migrations.
 */
export const ownTransaction = "pg_catalog.current_setting('schemaway.own')::pg_catalog.int4"

/** Clock readings between the steps of a transaction that has several; a single step counts from its BEGIN. */
class Marks {
  readonly areUsed: boolean
  #count = 0

  constructor(areUsed: boolean) {
    this.areUsed = areUsed
  }

  /** Statement that takes the next reading, in milliseconds; it fails when the transaction is not ours any more. */
  set(): string {
    this.#count += 1
    const now = `pg_catalog.date_part('epoch', pg_catalog.clock_timestamp()) OPERATOR(pg_catalog.*) ${ownTransaction}`
    return `SELECT pg_catalog.set_config('schemaway.mark_${this.#count}', (${now})::pg_catalog.text, true)`
  }

  /** Milliseconds of the step that began `back` readings before the last one to be set. */
  elapsed(back: number): string {
    if (!this.areUsed) return elapsedSinceBegin
    // The closing reading is written by the record itself, after these expressions are made: its number is one higher.
    const closing = this.#count + 1
    const reading = (number: number): string =>
      `pg_catalog.current_setting('schemaway.mark_${number}')::pg_catalog.float8`
    const seconds = `${reading(closing - back + 1)} OPERATOR(pg_catalog.-) ${reading(closing - back)}`
    return `((${seconds}) OPERATOR(pg_catalog.*) 1000)::pg_catalog.int4`
  }
}
