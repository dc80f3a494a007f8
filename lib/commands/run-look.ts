import type { Config } from '../config/read-options.js'
import { refuseProblems, validationRules } from '../plan/compare.js'
import { findProblems } from '../plan/find-problems.js'
import { firesCallbacks, type Look, startLooking } from './look.js'
import type { InfoReport, ValidateReport } from './report.js'
import { reportInfo } from './report-info.js'

/** The part of info() that is loaded only when it is called. */
export async function runInfo(config: Config): Promise<InfoReport> {
  return await whileOpen(config, async (found) => {
    if (!(await firesCallbacks(config, found))) return reportInfo(found)
    const { infoWithCallbacks } = await import('./look-with-callbacks.js')
    return await infoWithCallbacks(config, found)
  })
}

/** The part of validate() that is loaded only when it is called. */
export async function runValidate(config: Config): Promise<ValidateReport> {
  return await whileOpen(config, async (found) => {
    if (await firesCallbacks(config, found)) {
      const { validateWithCallbacks } = await import('./look-with-callbacks.js')
      return await validateWithCallbacks(config, found)
    }
    const { statuses } = found.comparison
    refuseProblems(findProblems(statuses, validationRules(config, false)))
    return { command: 'validate', server: found.server, checked: statuses.length }
  })
}

async function whileOpen<Report>(config: Config, work: (found: Look) => Promise<Report>): Promise<Report> {
  const found = await startLooking(config)
  try {
    return await work(found)
  } finally {
    await found.session.close()
  }
}
