import { SchemawayError } from '../errors/schemaway-error.js'
import type { PlannedScript, PlanStep } from '../plan/plan.js'
import { nameStopper } from '../run/connect.js'
import { describeReference } from '../run/describe-reference.js'
import type { OutsideRunner } from '../run/execute-plan.js'
import type { Run } from '../run/open-run.js'
import type { StepSender } from '../run/send-steps.js'

/** Runs a program outside a transaction. What it did stays when it fails; its row of history is written behind it. */
export class OutsideProgram implements OutsideRunner {
  readonly remains =
    'It runs outside a transaction, and what it did before stays. The next migrate() runs it again from its beginning; a backfill goes ' +
    'on behind its last batch.'
  readonly #step: PlanStep
  readonly #script: PlannedScript
  readonly #sender: StepSender
  readonly #run: Run

  constructor(step: PlanStep, script: PlannedScript, work: { readonly sender: StepSender; readonly run: Run }) {
    this.#step = step
    this.#script = script
    this.#sender = work.sender
    this.#run = work.run
  }

  async execute(): Promise<void> {
    const script = this.#script
    const text = `SET search_path = ${script.searchPath}`
    const part = { text, segments: [], copy: null, hook: null, program: { script, step: this.#step } }
    await this.#sender.sendMessage({ parts: [part], ledgerHash: this.#run.ledgerHash })
  }

  explain(error: unknown): unknown {
    const { reference } = this.#script
    const happened = error instanceof SchemawayError ? this.#describe(error, reference.script) : null
    if (!(error instanceof SchemawayError) || happened === null) return error
    return new SchemawayError(error.code, `${happened} ${this.remains}`, {
      details: { ...describeReference(reference), ...error.details },
      cause: error.cause,
    })
  }

  /** What is noticed when the program is recorded is no reason to plan anew, which would run it once more. */
  #describe({ code }: SchemawayError, script: string): string | null {
    switch (code) {
      case 'ABORTED':
        return `The run was stopped by ${nameStopper(this.#run.config.signal?.reason)} while ${script} ran.`
      case 'LOCK_LOST':
        return (
          `While ${script} ran, the lock that keeps other processes from migrating at the same time was released or taken over. That was ` +
          'noticed before its row of history was written, so it is not recorded. Where it calls pg_advisory_unlock_all(), remove that.'
        )
      case 'HISTORY_MOVED':
        return (
          `While ${script} ran, somebody else wrote history or ledger, or what was read of them was damaged, so it is not recorded. Look with ` +
          'info() first.'
        )
      default:
        return null
    }
  }

  async reset(): Promise<void> {
    const { session, care } = this.#run
    if (session.isLost) return
    // Where there is nothing to roll back, the server warns of it.
    const rollback = session.transactionStatus === 'idle' ? [] : ['ROLLBACK']
    await session.send([...rollback, ...care.afterRoles].join(';\n'))
  }
}
