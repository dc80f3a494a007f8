import assert from 'node:assert/strict'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { optionTable } from '../../lib/config/option-table.js'
import { type Blocker, type MigrationEvent, migrate, SchemawayError } from '../../lib/index.js'
import { testDatabase } from '../../lib/testing/index.js'
import { writeScripts } from '../support/write-scripts.js'
import { describeDistribution, distributionOf } from './distribution.js'
import { beginReport, type LongReport, startHotTable } from './hot-table.js'

/** How long a transaction stands in the way. The full form: SCHEMAWAY_TEST_BLOCKER_SECONDS=30 npm test -- test/chaos/hot-table.test.ts */
const blockerSeconds = Number(process.env['SCHEMAWAY_TEST_BLOCKER_SECONDS'] ?? 6)
const rounds = 2
const lockTimeout = optionTable.lockTimeout.default

interface Attempt {
  readonly outcome: string
  readonly retries: number
  /** Whom an event or the error named. */
  readonly named: readonly Blocker[]
  readonly message: string
}

async function attempt(options: { readonly url: string; readonly locations: string }): Promise<Attempt> {
  const events: MigrationEvent[] = []
  const told = await migrate({ ...options, onEvent: (event) => events.push(event) }).then(
    () => ({ outcome: 'done', message: '', blockers: [] }),
    (error: unknown) => {
      assert.ok(error instanceof SchemawayError, String(error))
      return { outcome: error.code, message: error.message, blockers: error.details.blockers ?? [] }
    },
  )
  const seen = events.flatMap((event) => (event.type === 'blocked' ? event.blockers : []))
  const retries = events.filter(({ type }) => type === 'retry').length
  return { ...told, retries, named: [...told.blockers, ...seen] }
}

function checkNamed({ outcome, named, message }: Attempt, report: LongReport): void {
  const found = named.find(({ pid }) => pid === report.pid)
  assert.ok(found !== undefined, `${outcome} names process ${report.pid}: ${JSON.stringify(named)} ${message}`)
  assert.equal(found.applicationName, 'the long report')
  assert.notEqual(found.user, '')
  assert.match(found.query, /FROM app\.hot/)
  assert.ok(found.transactionSeconds !== null)
  if (outcome !== 'done')
    assert.match(
      message,
      new RegExp(
        `"the long report" \\(pid ${report.pid}, user \\S+.*, in a transaction for [\\d.]+ s, latest statement: SELECT count`,
      ),
    )
}

test(`with a transaction of ${blockerSeconds} s in the way of a migration, the application waits no longer than two lock timeouts`, async (t) => {
  const { url, sql } = await testDatabase(t)
  const folder = writeScripts(t, { 'V1__first.sql': 'CREATE TABLE other (id int);' })
  const options = { url, locations: folder.directory }
  await migrate(options)
  const hot = await startHotTable(sql, url)
  t.after(() => hot.stop().catch(() => {}))
  // What a first query costs, such as connecting, is no part of either run.
  await sleep(500)
  const control: number[] = []
  const measured: number[] = []
  for (let round = 1; round <= rounds; round += 1) {
    const quiet = await beginReport(url)
    const without = hot.measure()
    await sleep(blockerSeconds * 1_000)
    control.push(...without)
    await quiet.end()

    folder.write({ [`V${round + 1}__hot.sql`]: `ALTER TABLE app.hot ADD COLUMN more_${round} int;` })
    const report = await beginReport(url)
    const during = hot.measure()
    const [result] = await Promise.all([attempt(options), sleep(blockerSeconds * 1_000).then(() => report.end())])
    measured.push(...during)
    console.log(`round ${round}: ${result.outcome} after ${result.retries + 1} attempts, names process ${report.pid}`)
    checkNamed(result, report)
    assert.ok(result.retries > 0, 'it gave way, and tried again')
    assert.ok(result.outcome === 'done' || result.outcome === 'STATEMENT_BLOCKED', result.message)
    await migrate(options)
  }
  await hot.stop()
  const [before, after] = [distributionOf(control), distributionOf(measured)]
  console.log(`queries without a migration: ${describeDistribution(before)}`)
  console.log(`queries during migrate():    ${describeDistribution(after)}`)
  const excess = after.max - before.max
  console.log(
    `worst stall more: ${excess.toFixed(1)} ms, allowed ${2 * lockTimeout} ms (lockTimeout ${lockTimeout} ms)`,
  )
  assert.ok(excess <= 2 * lockTimeout)
  assert.equal((await sql`SELECT FROM flyway_schema_history WHERE success`).length, rounds + 1)
})
