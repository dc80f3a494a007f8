import type { PlannedScript, PlanStep } from '../plan/plan.js'
import type { Message } from '../run/message.js'
import { MessageWriter } from '../run/message-writer.js'
import { resetStatements } from '../run/session-settings.js'

/** What a session needs around the callbacks that have no migration around them. */
export interface CallbackSession {
  /** Statement that opens a transaction. */
  readonly begin: string
  /** Statements that bring the session's settings back after a reset. */
  readonly settings: readonly string[]
  readonly ledgerHash: string | null
  /** Milliseconds; sessions of commands that only look have none of their own. */
  readonly lockTimeout: number
}

/** Brings the session back to what the next script can rely on. */
export function resetSession({ settings }: Pick<CallbackSession, 'settings'>): readonly string[] {
  return ['RESET SESSION AUTHORIZATION', 'RESET ROLE', ...resetStatements, ...settings]
}

/** The messages of a callback in a transaction of its own: one. Outside of a transaction: one for each statement. */
export function writeCallback(script: PlannedScript, session: CallbackSession): readonly Message[] {
  const { begin, ledgerHash, lockTimeout } = session
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
          begin,
          `SET LOCAL lock_timeout = ${lockTimeout}`,
          `SET LOCAL search_path = ${script.searchPath}`,
        ])
        writer.addScript(script, step, [])
        writer.add({ role: 'commit' }, ['COMMIT'])
        writer.add({ role: 'reset' }, resetSession(session))
      }),
    ]
  }
  return [
    message((writer) => writer.add({ role: 'prelude' }, [`SET search_path = ${script.searchPath}`])),
    ...script.parsed.units.map((unit) => message((writer) => writer.addStatements(script, step, unit))),
    message((writer) => writer.add({ role: 'reset' }, resetSession(session))),
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
