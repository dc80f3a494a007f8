import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import postgres, { type Sql } from 'postgres'
import { createMigrator } from '../../lib/index.js'
import { testDatabase } from '../../lib/testing/index.js'
import { writeScripts } from '../support/write-scripts.js'
import { changingCodes, type Probe, probes } from './leak-probes.js'
import { longValue, password, SecretScan, value } from './secret-scan.js'

interface Attempt {
  readonly code: string
  readonly what: string
  readonly probe: Probe
}

const titleOf = ({ code, what }: Attempt): string => `${code}: ${what}`

interface Place {
  readonly url: string
  /** The administrator's. */
  readonly sql: Sql
}

/** A login with the password. @returns what makes a database that belongs to it. */
async function createLogin(t: TestContext): Promise<(t: TestContext) => Promise<Place>> {
  const { url: somewhere, sql: administrator } = await testDatabase(t)
  const login = `secret_${randomUUID().slice(0, 8)}`
  const [made] =
    await administrator`SELECT format('CREATE ROLE %I LOGIN PASSWORD %L', ${login}::text, ${password}::text) AS text`
  await administrator.unsafe(String(made?.['text']))
  t.after(async () => {
    const elsewhere = postgres(new URL('/postgres', somewhere).href, { max: 1, onnotice: () => {} })
    await elsewhere.unsafe(`DROP ROLE ${login}`)
    await elsewhere.end()
  })
  return async (owner) => {
    const { url: direct, sql, name } = await testDatabase(owner)
    await sql.unsafe(`ALTER DATABASE ${name} OWNER TO ${login}; ALTER SCHEMA public OWNER TO ${login}`)
    const url = new URL(direct)
    url.username = login
    url.password = encodeURIComponent(password)
    return { url: url.href, sql }
  }
}

async function tryToLeak(t: TestContext, { code, what, probe }: Attempt, { url, sql }: Place): Promise<void> {
  const first = "CREATE TABLE a (t text UNIQUE);\nINSERT INTO a VALUES ('${secret}');"
  const folder = writeScripts(t, { 'V1__a.sql': first })
  const scan = new SecretScan()
  const options = {
    url,
    locations: folder.directory,
    placeholders: { secret: value, long: longValue },
    connectRetries: 0,
    lockRetries: 0,
    lockTimeout: 100,
    ...scan.listeners,
  }
  const migrator = createMigrator(options)
  await migrator.migrate()
  const site = { t, url, options, migrator, folder, scan, sql }
  await scan.watchFailure(what, code, async () => await probe(site))
  await scan.readTables(sql)
  scan.assertNever(password)
  scan.assertNever(value)
  // Cut off or not.
  scan.assertNever(longValue.slice(0, 40))
}

test('no secret is in what an error of any code tells', { concurrency: 4 }, async (t) => {
  const createPlace = await createLogin(t)
  const attempts: readonly Attempt[] = Object.entries(probes).flatMap(([code, tries]) =>
    typeof tries === 'string' ? [] : Object.entries(tries).map(([what, probe]) => ({ code, what, probe })),
  )
  const isApart = ({ code }: Attempt): boolean => changingCodes.some((one) => one === code)
  const inOneDatabase = async (shared: TestContext): Promise<void> => {
    const place = await createPlace(shared)
    for (const attempt of attempts.filter((one) => !isApart(one)))
      await shared.test(titleOf(attempt), async (inner) => await tryToLeak(inner, attempt, place))
  }
  const others = attempts.filter(isApart).map(async (attempt) => {
    await t.test(titleOf(attempt), async (inner) => await tryToLeak(inner, attempt, await createPlace(inner)))
  })
  await Promise.all([t.test('in one database, one after the other', inOneDatabase), ...others])
})

test('every code is tried, but for those that know neither server nor values', () => {
  const untried = Object.entries(probes).flatMap(([code, tries]) => (typeof tries === 'string' ? [code] : []))
  assert.deepEqual(untried, ['BUNDLED_SQL_MISSING', 'ENGINE_UNAVAILABLE'])
})
