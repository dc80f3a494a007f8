import { SchemawayError } from '../../lib/index.js'
import { callCommand, findScenario, type ScenarioName } from './scenarios.js'

/** How a command under fire ended, as it travels between processes. */
export type CommandOutcome =
  | { readonly end: 'done' }
  /** With an error of the library. */
  | { readonly end: 'refused'; readonly code: string; readonly sqlState: string | null; readonly message: string }
  /** With an error of another kind, which callers cannot tell apart. */
  | { readonly end: 'uncoded'; readonly message: string }
  /** The process was killed. */
  | { readonly end: 'killed' }

/** What a process that migrates is asked to do. */
export interface Order {
  readonly scenario: ScenarioName
  readonly url: string
}

/** Calls the command; never throws. */
export async function runCommand({ scenario, url }: Order, signal: AbortSignal): Promise<CommandOutcome> {
  try {
    await callCommand(findScenario(scenario), { url, signal })
    return { end: 'done' }
  } catch (error) {
    if (!(error instanceof SchemawayError)) {
      return { end: 'uncoded', message: error instanceof Error ? (error.stack ?? error.message) : String(error) }
    }
    const { code, message, details } = error
    return { end: 'refused', code, sqlState: details.sqlState ?? null, message }
  }
}
