import { aroundCommand, aroundInfo, aroundValidate } from '../callbacks/around-command.js'
import { lookAgain } from '../callbacks/around-migrate.js'
import type { Config } from '../config/read-options.js'
import { refuseProblems, validationRules } from '../plan/compare.js'
import { findProblems } from '../plan/find-problems.js'
import { openWithoutLock, type Run } from '../run/open-run.js'
import type { Look } from './look.js'
import type { InfoReport, ValidateReport } from './report.js'
import { reportInfo } from './report-info.js'

/** info() where there are callbacks or hooks for it. No lock is taken. */
export async function infoWithCallbacks(config: Config, found: Look): Promise<InfoReport> {
  return await look(config, found, async (run) =>
    aroundCommand(run, found.callbacks, aroundInfo, async () => {
      const { state, ...comparison } = await lookAgain(run, found.files)
      return reportInfo({ ...found, state, comparison })
    }),
  )
}

/** validate() where there are callbacks or hooks for it. No lock is taken. */
export async function validateWithCallbacks(config: Config, found: Look): Promise<ValidateReport> {
  return await look(config, found, async (run) =>
    aroundCommand(run, found.callbacks, aroundValidate, async () => {
      const { statuses } = await lookAgain(run, found.files)
      refuseProblems(findProblems(statuses, validationRules(config, false)))
      return { command: 'validate', server: found.server, checked: statuses.length }
    }),
  )
}

/** A run on the session that looked. */
async function look<Result>(
  config: Config,
  { session, state }: Look,
  work: (run: Run) => Promise<Result>,
): Promise<Result> {
  // Behind a pooler the connection to the server is not ours alone.
  const run = await openWithoutLock(config, session, state.backendPid !== session.backendPid)
  try {
    return await work(run)
  } finally {
    await run.close()
  }
}
