import { aroundBaseline, aroundCommand } from '../callbacks/around-command.js'
import { loadCallbacks } from '../callbacks/load-callbacks.js'
import { explainOptions } from '../config/explain-options.js'
import type { BaselineOptions } from '../config/options.js'
import type { Config } from '../config/read-options.js'
import { planBaseline, refuseOtherBeginning } from '../plan/plan-baseline.js'
import { openRun, type Run } from '../run/open-run.js'
import { prepareHistory, refuseUnsuitableServer } from '../run/prepare-history.js'
import { readState } from '../run/read-state.js'
import { translateError } from '../run/translate-error.js'
import type { BaselineReport } from './report.js'

/** The part of baseline() that is loaded only when it is called. */
export async function runBaseline(config: Config, options: BaselineOptions, started: number): Promise<BaselineReport> {
  explainOptions('baseline', options)
  const callbacks = await loadCallbacks(config)
  const run = await openRun(config)
  try {
    const isWritten = await aroundCommand(run, callbacks, aroundBaseline, async () => await begin(run))
    await run.checkLock(null)
    const milliseconds = Math.round(performance.now() - started)
    const { baselineVersion: version, baselineDescription: description } = config
    run.emit({ type: 'finished', run: run.id, milliseconds })
    return {
      command: 'baseline',
      server: run.session.display,
      run: isWritten ? run.id : null,
      version,
      description,
      isWritten,
      lock: run.reportedLock,
      milliseconds,
    }
  } catch (error) {
    throw translateError(error, 'writing the baseline', run.session.display)
  } finally {
    await run.close()
  }
}

/** @returns false when history begins with this baseline already. */
async function begin(run: Run): Promise<boolean> {
  const { config, session, place } = run
  try {
    const { state } = await readState(session, place, config.roles.owner)
    refuseUnsuitableServer(session, state)
    if (state.rows !== null) {
      refuseOtherBeginning(config, state.rows, place.history)
      return false
    }
  } catch (error) {
    throw translateError(error, 'reading the history', session.display)
  }
  let isWritten = true
  await prepareHistory(run, async ({ firstRank, hasHistory, state }) => {
    if (!hasHistory) return planBaseline(config, firstRank)
    // Another process was faster.
    refuseOtherBeginning(config, state.rows, place.history)
    isWritten = false
    return null
  })
  return isWritten
}
