import { setTimeout as sleep } from 'node:timers/promises'
import { maintain, migrate, repair, SchemawayError } from '../../lib/index.js'
import type { ChaosServer } from './chaos-server.js'
import { findLeftOvers } from './checker.js'
import { migrateOptionsOf, optionsOf, type Scenario } from './scenarios.js'

/** How a database came to its end after a fault. */
export interface Convergence {
  /** How often a person had to look what had become of a statement, and say so. */
  readonly repairs: number
  /** Why it did not come to its end; null when it did. */
  readonly obstacle: string | null
}

const longestLeaving = 20_000
/** By a table the 30 seconds of a lock may have to pass before anything begins. */
const deadline = 120_000

/** Waits until the sessions of a run that ended badly are gone. @returns those that stay. */
export async function waitForSessions(server: ChaosServer, database: string): Promise<readonly string[]> {
  const sql = server.open(database)
  try {
    for (const started = performance.now(); ; await sleep(10)) {
      const left = await findLeftOvers(sql)
      if (left.length === 0 || performance.now() - started > longestLeaving) return left
    }
  } finally {
    await sql.end({ timeout: 1 })
  }
}

/**
 * Calls migrate() as the next start of a service would. Where the library cannot know what became of a statement outside a
 * transaction, it does what the error asks a person to do: looks, and says so with repair().
 */
export async function converge(server: ChaosServer, database: string, scenario: Scenario): Promise<Convergence> {
  const options = { ...optionsOf(scenario), url: server.urlOf(database), signal: AbortSignal.timeout(deadline) }
  const migrating = { ...options, ...migrateOptionsOf(scenario) }
  let repairs = 0
  for (;;) {
    try {
      await migrate(migrating)
      // A migrate() that finds nothing to do makes no partitions, also where the one before it could not.
      if (scenario.isModel) await maintain({ url: options.url })
      const again = await migrate(migrating)
      return { repairs, obstacle: again.migrations.length === 0 ? null : 'a second migrate() found something to do' }
    } catch (error) {
      const version = repairs < 3 ? unknownVersion(error) : null
      if (version === null) return { repairs, obstacle: describe(error) }
      repairs += 1
      const unfinished = (await isCallDone(server, database)) ? 'completed' : 'repeat'
      try {
        await repair({ ...options, versions: [version], unfinished })
      } catch (refused) {
        return { repairs, obstacle: `repair(): ${describe(refused)}` }
      }
    }
  }
}

function unknownVersion(error: unknown): string | null {
  if (!(error instanceof SchemawayError) || error.code !== 'VALIDATION_FAILED') return null
  const problem = error.details.problems?.find(({ kind }) => kind === 'STATEMENT_OUTCOME_UNKNOWN')
  return problem === undefined ? null : (problem.version ?? error.details.version ?? null)
}

/** The one statement of the scripts whose outcome can be unknown is the CALL in V06. */
async function isCallDone(server: ChaosServer, database: string): Promise<boolean> {
  const sql = server.open(database)
  try {
    const rows = await sql`SELECT FROM chaos.log WHERE script = 'V06 call'`
    return rows.length > 0
  } finally {
    await sql.end({ timeout: 1 })
  }
}

function describe(error: unknown): string {
  if (error instanceof SchemawayError) return `${error.code}: ${error.message}`
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
