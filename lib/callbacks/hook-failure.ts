import { type Blocker, SchemawayError } from '../errors/schemaway-error.js'
import { noServerError } from '../programs/no-server-error.js'
import type { Run } from '../run/open-run.js'
import { MessageFailure } from '../run/send-steps.js'
import type { ServerError } from '../run/server-error.js'
import { explainStatement, type Failure, type FailureContext, isBlocked } from '../run/statement-error.js'
import type { HookContext } from './hooks.js'

/** What the context says about the moment. */
export type HookFacts = Pick<HookContext, 'event' | 'migration' | 'statement' | 'error'>

/** What went wrong with a hook. */
export interface HookFault {
  /** What it did, as the predicate of a sentence about it. */
  readonly what: string
  readonly cause?: unknown
  /** Something of it may be committed. */
  readonly mayRemain?: boolean
}

/** A query of a hook that the server refused. */
export interface RefusedHookQuery {
  readonly server: ServerError
  readonly blockers: readonly Blocker[]
  /** What the hook saw of it. */
  readonly told: SchemawayError
}

const part = { text: '', segments: [], copy: null, program: null, hook: null }
const message = { parts: [part], ledgerHash: null }

/** A hook that failed in the transaction of a migration, on its way to be tried again, or recorded and explained. */
export class HookFailure extends MessageFailure {
  readonly #facts: HookFacts
  readonly #fault: HookFault
  readonly #refused: RefusedHookQuery | null

  /** @param refused the query because of which the transaction cannot go on. */
  constructor(facts: HookFacts, fault: HookFault, refused: RefusedHookQuery | null) {
    super(refused?.server ?? noServerError(fault.what, 'XX000'), message, part, refused?.blockers ?? [])
    this.#facts = facts
    this.#fault = fault
    this.#refused = refused
  }

  override explain(context: FailureContext): Failure {
    const refused = this.#refused
    const isBehind = refused !== null && (this.#fault.cause === refused.told || isBlocked(refused.server))
    // Only now it is known how often it was tried.
    const cause = isBehind ? explainQuery(refused.server, this.#facts, context) : this.#fault.cause
    return { subject: this.#facts.migration, error: hookFailed(this.#facts, { ...this.#fault, cause }, context.mask) }
  }
}

/** What a hook sees of a query that the server refused. */
export function explainRefused(
  error: ServerError,
  facts: HookFacts,
  { mask, session }: Run,
  blockers: readonly Blocker[],
): SchemawayError {
  const context = { message, part, blockers, attempts: 1, mask, server: session.display, isRetried: false }
  return explainQuery(error, facts, context)
}

function explainQuery(error: ServerError, { event }: HookFacts, context: FailureContext): SchemawayError {
  return explainStatement(error, { where: `A query of the hook ${event}`, excerpt: '', details: { event } }, context)
}

export function hookFailed(
  { event, migration }: HookFacts,
  { what, cause, mayRemain }: HookFault,
  mask: (text: string) => string,
): SchemawayError {
  const reason = cause instanceof Error ? `: ${mask(cause.message)}` : ''
  const where = migration === null ? '' : ` for ${migration.script}`
  const rolledBack =
    migration === null
      ? 'What the hook itself did is rolled back.'
      : 'The transaction of the migration is rolled back, unless the file runs outside one.'
  const remains = mayRemain === true ? 'Look at what it left behind.' : rolledBack
  return new SchemawayError(
    'HOOK_FAILED',
    `The hook ${event}${where} ${what}${reason}${/[.!?]$/.test(reason) ? '' : '.'} ${remains} Correct the hook, then run again.`,
    {
      details: {
        event,
        ...(migration !== null && { script: migration.script, module: migration.module }),
        ...(migration?.version != null && { version: migration.version }),
      },
      ...(cause !== undefined && { cause }),
    },
  )
}
