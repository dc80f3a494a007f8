import type { PlannedScript } from '../plan/plan.js'
import type { Run } from '../run/open-run.js'
import type { RunProgram } from '../run/send-steps.js'
import { Backfill } from './backfill.js'
import { Caller } from './call-program.js'
import type { LoadedPrograms } from './load-programs.js'
import type { MigrationContext } from './program.js'

/** Runs programs where their message leaves room for them. */
export class ProgramRunner {
  readonly #programs: LoadedPrograms
  readonly #run: Run
  readonly #attempts = new Map<PlannedScript, number>()

  constructor(programs: LoadedPrograms, run: Run) {
    this.#programs = programs
    this.#run = run
  }

  /** @throws ProgramFailure, SchemawayError `CONNECTION_LOST` */
  readonly runBehind: RunProgram = async (part, watch) => {
    const { script, step } = part.program ?? {}
    if (script === undefined || step === undefined) return
    const loaded = this.#programs.get(script)
    const direction = script.program
    if (loaded === undefined || direction === undefined) throw new TypeError(`${script.file} was not loaded`)
    const attempt = (this.#attempts.get(script) ?? 0) + 1
    this.#attempts.set(script, attempt)
    const isInTransaction = direction === 'down' || loaded.transaction !== 'none'
    const program = { step, script, direction, part }
    const names = new Set<string>()
    const backfill = (caller: Caller): MigrationContext['backfill'] =>
      isInTransaction ? refuseBackfill : async (options) => await new Backfill(caller, options).execute(names)
    await new Caller({ program, loaded, run: this.#run, watch, attempt, isInTransaction, backfill }).execute()
  }
}

async function refuseBackfill(): Promise<never> {
  throw new TypeError(
    "backfill() commits in batches, so it needs an `up` outside a transaction: export const transaction = 'none'.",
  )
}
