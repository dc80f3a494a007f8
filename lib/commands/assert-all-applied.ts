import type { Config } from '../config/read-options.js'
import { SchemawayError } from '../errors/schemaway-error.js'
import { currentVersion } from '../history/migration-state.js'
import { refuseProblems } from '../plan/compare.js'
import { pause } from '../run/abort.js'
import { look } from './look.js'
import type { MigratedReport } from './report.js'

/** Looks once, and throws unless everything is applied. */
export async function assertAllApplied(config: Config): Promise<MigratedReport> {
  const { comparison, server } = await look(config)
  refuseProblems(comparison.problems)
  const pending = comparison.pending.map((status) => status.script)
  if (pending.length === 0) return { server, currentVersion: currentVersion(comparison.statuses) }
  throw new SchemawayError(
    'PENDING_MIGRATIONS',
    `${server} is not migrated: ${pending.length} ${pending.length === 1 ? 'migration is' : 'migrations are'} pending ` +
      `(${pending.slice(0, 5).join(', ')}${pending.length > 5 ? ', ...' : ''}). Run migrate() with a login that may.`,
    { details: { server, pending } },
  )
}

/** Looks until everything is applied. */
export async function waitUntilAllApplied(config: Config): Promise<MigratedReport> {
  const started = performance.now()
  for (;;) {
    try {
      return await assertAllApplied(config)
    } catch (error) {
      if (!(error instanceof SchemawayError) || error.code !== 'PENDING_MIGRATIONS') throw error
      const waited = Math.round(performance.now() - started)
      if (waited >= config.timeout) throw waitTimeout(error, waited)
      await pause(
        Math.min(config.interval, config.timeout - waited),
        config.signal,
        'waiting for another process to migrate',
      )
    }
  }
}

function waitTimeout(last: SchemawayError, waited: number): SchemawayError {
  return new SchemawayError('WAIT_TIMEOUT', `Nobody has migrated within ${waited} ms. ${last.message}`, {
    details: last.details,
    cause: last,
  })
}
