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
    if (!(error instanceof SchemawayError) || error.code !== 'ABORTED') return error
    const { reference } = this.#script
    return new SchemawayError(
      'ABORTED',
      `The run was stopped by ${nameStopper(this.#run.config.signal?.reason)} while ${reference.script} ran. ${this.remains}`,
      { details: { ...describeReference(reference), ...error.details }, cause: error.cause },
    )
  }

  async reset(): Promise<void> {
    const { session, care } = this.#run
    if (session.isLost) return
    // Where there is nothing to roll back, the server warns of it.
    const rollback = session.transactionStatus === 'idle' ? [] : ['ROLLBACK']
    await session.send([...rollback, ...care.afterRoles].join(';\n'))
  }
}
