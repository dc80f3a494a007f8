import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Sql } from 'postgres'
import * as library from '../../lib/index.js'
import { migrate } from '../../lib/index.js'
import { testDatabase } from '../../lib/testing/index.js'
import { type FlywayCommand, FlywayProgram, flywayDirectories } from '../flyway/flyway-program.js'
import { type GuideSite, guideDirectory, readBlocks, readPage, runBlocks, writeFiles } from './run-guide.js'

const root = fileURLToPath(new URL('../..', import.meta.url))

interface Guide {
  readonly programs: number
  /** What is there before the guide begins, where its own blocks do not make it. */
  readonly prepare?: (site: GuideSite) => Promise<void>
  /** What holds once all of it was followed, to the way back. */
  readonly check?: (sql: Sql) => Promise<void>
}

const guides: Readonly<Record<string, Guide>> = {
  'switch-from-flyway.md': { programs: 2, prepare: migrateAsFlyway },
  'switch-from-golang-migrate.md': {
    programs: 3,
    check: async (sql) => {
      assert.deepEqual([...(await sql`SELECT version, dirty FROM schema_migrations`)], [{ version: '2', dirty: false }])
    },
  },
  'switch-from-node-pg-migrate.md': {
    programs: 1,
    check: async (sql) => {
      assert.deepEqual(
        (await sql`SELECT name FROM pgmigrations ORDER BY id`).map(({ name }) => name),
        ['1700000000001_accounts', '1700000000002_names'],
      )
    },
  },
  'switch-from-numbered-files.md': { programs: 2 },
  'switch-from-a-dump.md': { programs: 2 },
}

test('there is a guide for each tool', () => {
  const pages = readdirSync(join(root, 'docs')).filter((name) => name.startsWith('switch-from-'))
  assert.deepEqual(pages.toSorted(), Object.keys(guides).toSorted())
})

for (const [name, { programs, prepare, check }] of Object.entries(guides)) {
  test(`${name} can be followed, from its first block to its last`, async (t) => {
    const { url, sql } = await testDatabase(t)
    const { url: newUrl } = await testDatabase(t)
    const blocks = readBlocks(readPage(name))
    const directory = guideDirectory(t)
    writeFiles(blocks, directory)
    const [jars] = flywayDirectories
    const flyway = jars === undefined ? null : new FlywayProgram(jars)
    t.after(async () => await flyway?.stop())
    const shell = async (command: string): Promise<void> => await runFlyway(flyway, command, { directory, url })
    const site = { directory, url, sql, environment: { NEW_DATABASE_URL: newUrl }, shell }
    await prepare?.(site)
    assert.equal(await runBlocks(blocks, site), programs)
    await check?.(sql)
  })

  test(`what ${name} names is there: functions, links`, () => {
    const page = readPage(name)
    const functions = [...page.matchAll(/`(\w+)\(/g)].map(([, called = '']) => called)
    assert.deepEqual(
      functions.filter((called) => !(called in library)),
      [],
    )
    for (const [, path = ''] of page.matchAll(/\]\((?!https?:)([^)#]+)/g))
      assert.ok(existsSync(join(root, 'docs', path)), path)
  })
}

/** Where the real Flyway is not at hand, what it leaves behind: the same history, and no ledger. */
async function migrateAsFlyway({ directory, url, sql, shell }: GuideSite): Promise<void> {
  await shell('flyway -locations=filesystem:db/migration -placeholders.reader=pg_monitor -target=1 migrate', directory)
  const [found] = await sql`SELECT to_regclass('flyway_schema_history') IS NOT NULL AS "isThere"`
  if (found?.['isThere'] === true) return
  await migrate({ url, locations: `${directory}/db/migration`, placeholders: { reader: 'pg_monitor' }, target: '1' })
  await sql`DROP TABLE schemaway_ledger`
}

/** Runs a command line of Flyway by the real one, if it is at hand; those of other programs are left to the reader. */
async function runFlyway(
  flyway: FlywayProgram | null,
  command: string,
  { directory, url }: { readonly directory: string; readonly url: string },
): Promise<void> {
  const [program, ...words] = command.split(/\s+/)
  if (program !== 'flyway' || flyway === null) return
  const options = words
    .filter((word) => word.startsWith('-'))
    .map((word) => word.slice(1).split('=') as [string, string])
    .map(([name, value]) => [name, value.replace('filesystem:node_modules/schemaway/', `filesystem:${root}`)] as const)
    .map(([name, value]) => [name, value.replace('filesystem:db/', `filesystem:${directory}/db/`)] as const)
  const { error, problems = [] } = await flyway.run(words.at(-1) as FlywayCommand, url, Object.fromEntries(options))
  assert.deepEqual([error, problems], [null, []], command)
}
