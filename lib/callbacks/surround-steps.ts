import { bundled } from '../modules/bundled.js'
import type { Plan, PlannedScript, PlanStep } from '../plan/plan.js'
import { noText } from '../plan/plan-context.js'
import type { CallbackEvent } from './callback-events.js'
import type { Callbacks } from './callbacks.js'
import { type EachEvents, eachEventsOf } from './each-events.js'
import type { HookContext } from './hooks.js'

/**
 * Puts the callbacks of single migrations and statements around the scripts of a plan, into the same transaction. Steps
 * that only record something stay as they are, and so do files that run outside a transaction.
 *
 * Where all steps share a transaction, what comes between versions and repeatables belongs into it too.
 */
export function surroundSteps({ steps }: Plan, callbacks: Callbacks): Plan {
  const { command, transaction } = callbacks.config
  const events = eachEventsOf(command)
  const isOne = command === 'migrate' && transaction === 'all'
  const boundary = isOne ? steps.findIndex(({ reference }) => reference.version === null) : -1
  return {
    steps: steps.map((step, index) => {
      const between: readonly CallbackEvent[] = index === boundary ? ['afterVersioned', 'beforeRepeatables'] : []
      const runs = step.scripts.length > 0
      if (!runs && between.length === 0) return step
      if (step.scripts.some(({ parsed }) => parsed.units !== null)) return step
      return surround(step, between, runs ? events : null, callbacks)
    }),
  }
}

/** A script of a step, and the module whose session state it shares with its neighbours; null for none. */
interface Part {
  readonly script: PlannedScript
  readonly owner: string | null
}

function surround(
  step: PlanStep,
  between: readonly CallbackEvent[],
  events: EachEvents | null,
  callbacks: Callbacks,
): PlanStep {
  const { action, reference } = step
  const searchPath = step.scripts.find((script) => script.action === action)?.searchPath ?? callbacks.searchPath
  const parts: Part[] = []
  const add = (script: PlannedScript, owner = script.reference.module): void => {
    // Bundled scripts rely on nothing that a callback could set.
    parts.push({ script, owner: isBundled(owner) ? null : owner })
  }
  const fire = (event: CallbackEvent): void => {
    for (const script of callbacks.scriptsOf(event)) add({ ...script, action })
    callHook(event, null)
  }
  const callHook = (event: CallbackEvent, statement: HookContext['statement']): void => {
    if (callbacks.hookOf(event) === null) return
    add({ action, reference, parsed: noText, file: '', searchPath, hook: { event, statement } })
  }
  /** In the middle of a script, whose role and search path have to be the same behind it. */
  const fireInside = (event: CallbackEvent, statement: HookContext['statement']): void => {
    for (const script of callbacks.scriptsOf(event)) add({ ...script, action, searchPath }, reference.module)
    callHook(event, statement)
  }
  for (const event of between) fire(event)
  if (events !== null) {
    fire(events.before)
    const hasStatements = callbacks.has(events.beforeStatement) || callbacks.has(events.afterStatement)
    for (const script of step.scripts) {
      if (!hasStatements || script.action !== action) add(script)
      else if (isIndivisible(script)) {
        callbacks.warnOfStatements(script.reference.script)
        add(script)
      } else {
        for (const [index, { line }] of script.parsed.statements.entries()) {
          const statement = { number: index + 1, line }
          fireInside(events.beforeStatement, statement)
          add({ ...script, range: { first: index, behind: index + 1 } })
          fireInside(events.afterStatement, statement)
        }
      }
    }
    fire(events.after)
  }
  return { ...step, scripts: parts.map(keepSession) }
}

/** What a program sends is known to nobody beforehand, and a big file is never looked at as a whole. */
function isIndivisible({ program, parsed, reference }: PlannedScript): boolean {
  return program !== undefined || parsed.pieces !== undefined || isBundled(reference.module)
}

function isBundled(module: string): boolean {
  return bundled.some(({ name }) => name === module)
}

/** As in Flyway, what a callback sets holds for the migration behind it, as far as both are of one module. */
function keepSession({ script, owner }: Part, index: number, all: readonly Part[]): PlannedScript {
  const isJoined = (other: Part | undefined): boolean =>
    other !== undefined &&
    owner !== null &&
    other.owner === owner &&
    (isInserted(script) || isInserted(other.script)) &&
    other.script.searchPath === script.searchPath
  return {
    ...script,
    ...(isJoined(all[index - 1]) && { continuesSession: true as const }),
    ...(isJoined(all[index + 1]) && { leavesSession: true as const }),
  }
}

function isInserted({ callback, hook, range }: PlannedScript): boolean {
  return callback !== undefined || hook !== undefined || range !== undefined
}
