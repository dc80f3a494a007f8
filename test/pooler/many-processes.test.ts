import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'
import type { Sql } from 'postgres'
import { migrate } from '../../lib/index.js'
import { withoutPgBouncer } from '../support/start-pgbouncer.js'
import { waitUntil } from '../support/wait-until.js'
import { writeScripts } from '../support/write-scripts.js'
import { MigrateWorkers } from './migrate-workers.js'
import { leftoversOf, pooledDatabase } from './pooled-database.js'

const skip = withoutPgBouncer
const processes = 50
const files = 12
const halfOfThem = 6

/** Each migration writes its number down, so that one which ran twice shows. */
const scripts = Object.fromEntries(
  Array.from({ length: files }, (_, index) => [
    `V${index + 1}__step.sql`,
    `${index === 0 ? 'CREATE TABLE applied (step int);\n' : ''}INSERT INTO applied VALUES (${index + 1});\nSELECT pg_sleep(0.005);`,
  ]),
)

const workers = new MigrateWorkers()
before(async () => {
  if (skip === false) await workers.start(processes)
})
after(() => workers.stop())

/** Fails unless every version was applied once and for all, and nothing of the work is left in the server. */
async function expectOnce(sql: Sql): Promise<void> {
  const numbers = Array.from({ length: files }, (_, index) => index + 1)
  const rows = await sql`SELECT installed_rank, version, success FROM flyway_schema_history ORDER BY installed_rank`
  assert.deepEqual(
    rows.map((row) => [row['version'], row['success']]),
    numbers.map((number) => [String(number), true]),
  )
  const steps = await sql`SELECT step FROM applied ORDER BY step`
  assert.deepEqual(
    steps.map((row) => row['step']),
    numbers,
  )
  const ledger = await sql`SELECT version FROM schemaway_ledger WHERE event = 'applied' ORDER BY id`
  assert.deepEqual(
    ledger.map((row) => row['version']),
    numbers.map(String),
  )
  assert.equal((await sql`SELECT FROM schemaway_ledger WHERE event = 'failed'`).length, 0)
  // The sessions of processes that have just ended end with them.
  await waitUntil('nothing is left', async () => (await leftoversOf(sql)).length === 0)
}

const situations = {
  directly: { through: ['direct'], options: {} },
  'through PgBouncer': { through: ['pooled'], options: {} },
  'through PgBouncer in one transaction each': { through: ['pooled'], options: { transaction: 'all' } },
  'through PgBouncer and directly': { through: ['pooled', 'direct'], options: {} },
  "through PgBouncer with lockStrategy 'table'": { through: ['pooled'], options: { lockStrategy: 'table' } },
} as const

for (const [how, { through, options }] of Object.entries(situations)) {
  for (const begun of [0, halfOfThem]) {
    test(`${processes} processes start together ${how} on a database with ${begun} of ${files} migrations: each is applied once, and all succeed`, {
      skip,
    }, async (t) => {
      const database = await pooledDatabase(t, { poolSize: 10 })
      const { directory: locations } = writeScripts(t, scripts)
      if (begun > 0) await migrate({ url: database.direct, locations, target: String(begun) })
      const answers = await workers.migrate((number) => ({
        url: database[through[number % through.length] ?? 'direct'],
        locations,
        waitForLock: 120_000,
        ...options,
      }))
      await expectOnce(database.sql)
      assert.deepEqual(
        answers.flatMap((answer) => answer.failed ?? []),
        [],
      )
      const applied = answers.flatMap((answer) => (answer.failed === undefined ? answer.applied : []))
      assert.deepEqual([...applied].sort(), Object.keys(scripts).slice(begun).sort())
    })
  }
}
