import type { PlannedScript, PlanStep } from '../plan/plan.js'
import type { Message } from '../run/message.js'
import { MessageWriter } from '../run/message-writer.js'
import type { SessionCare } from '../run/session-care.js'

/** What a session needs around the callbacks that have no migration around them. */
export interface CallbackSession {
  /** Statements that open a transaction. */
  readonly begin: readonly string[]
  /** Statements in front of its end that keep the lock. */
  readonly renewal: readonly string[]
  readonly care: SessionCare
  readonly ledgerHash: string | null
  /** Milliseconds; sessions of commands that only look have none of their own. */
  readonly lockTimeout: number
}

/** The messages of a callback in a transaction of its own: one. Outside of a transaction: one for each statement. */
export function writeCallback(script: PlannedScript, session: CallbackSession): readonly Message[] {
  const { begin, renewal, care, ledgerHash, lockTimeout } = session
  const step = stepOf(script)
  const message = (write: (writer: MessageWriter) => void): Message => {
    const writer = new MessageWriter()
    write(writer)
    return { parts: writer.parts, ledgerHash }
  }
  if (script.parsed.units === null) {
    return [
      message((writer) => {
        writer.add({ role: 'prelude' }, [
          ...care.remember([script.parsed.text]),
          ...begin,
          `SET LOCAL lock_timeout = ${lockTimeout}`,
          care.setSearchPath(script.searchPath),
        ])
        writer.addScript(script, step, [])
        writer.add({ role: 'guard', step }, care.check)
        writer.add({ role: 'prelude' }, renewal)
        writer.add({ role: 'commit' }, ['COMMIT'])
        writer.add({ role: 'reset' }, care.afterRoles)
      }),
    ]
  }
  return [
    message((writer) => writer.add({ role: 'prelude' }, [`SET search_path = ${script.searchPath}`])),
    ...script.parsed.units.map((unit) => message((writer) => writer.addStatements(script, step, unit))),
    message((writer) => writer.add({ role: 'reset' }, care.afterRoles)),
  ]
}

/** So that an error finds its file. */
function stepOf(script: PlannedScript): PlanStep {
  return {
    action: 'apply',
    reference: script.reference,
    scripts: [script],
    removeRanks: [],
    removeRepeatables: [],
    historyRows: [],
    ledgerEntries: [],
  }
}
