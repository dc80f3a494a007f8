import type { AssertOptions, WaitOptions } from '../config/options.js'
import { type Config, readOptions } from '../config/read-options.js'
import { SchemawayError } from '../errors/schemaway-error.js'
import { refuseProblems } from '../plan/compare.js'
import { pause } from '../run/abort.js'
import { currentVersion } from './current-version.js'
import { look } from './look.js'

/** What a database looks like that has everything. */
export interface MigratedReport {
  readonly server: string
  readonly currentVersion: string | null
}

/**
 * For services that may not migrate: passes when every migration is applied. One connection, one query.
 *
 * @throws SchemawayError `PENDING_MIGRATIONS` with the scripts, `VALIDATION_FAILED`; about options, files and connection
 *   as `migrate()`.
 * @example
 * await assertMigrated({ url })
 */
export async function assertMigrated(options: AssertOptions): Promise<MigratedReport> {
  return await assertAll(await readOptions('assertMigrated', options))
}

/**
 * For replicas that wait while another process migrates: looks again every `interval` milliseconds.
 *
 * @throws SchemawayError `WAIT_TIMEOUT` after `timeout` milliseconds, with the scripts that are still pending; otherwise
 *   as `assertMigrated()`.
 * @example
 * await waitUntilMigrated({ url, timeout: 120_000 })
 */
export async function waitUntilMigrated(options: WaitOptions): Promise<MigratedReport> {
  const started = performance.now()
  const config = await readOptions('waitUntilMigrated', options)
  for (;;) {
    try {
      return await assertAll(config)
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

async function assertAll(config: Config): Promise<MigratedReport> {
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

function waitTimeout(last: SchemawayError, waited: number): SchemawayError {
  return new SchemawayError('WAIT_TIMEOUT', `Nobody has migrated within ${waited} ms. ${last.message}`, {
    details: last.details,
    cause: last,
  })
}
