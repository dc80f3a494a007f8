import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { fileURLToPath } from 'node:url'
import { type MigrateOptions, migrate } from '../../lib/index.js'
import { startPostgres, testDatabase } from '../../lib/testing/index.js'
import { writeScripts } from '../support/write-scripts.js'

/** Files of our own that options about files may load besides. */
const mostMoreFiles = 16

/** Files of our own that a start without pending migrations may load; each costs about a third of a millisecond. */
const mostFiles = 42

test('a migrate() with nothing to do sends one query, takes no lock, and loads neither Umzug nor zod nor the scanner', async () => {
  const server = await startPostgres({ settings: { log_statement: 'all', log_line_prefix: '<%a> ' } })
  try {
    const database = await server.createDatabase()
    await migrate({ url: database.url, modules: ['iam'] })
    const { applicationName, loaded } = await migrateInProcess(database.url)

    const log = readFileSync(join(server.dataDirectory ?? '', '..', 'log'), 'utf8')
    const lines = log.split('\n').filter((line) => line.startsWith(`<${applicationName}> `))
    const statements = lines.filter((line) => /LOG: {2}(statement|execute)/.test(line))
    assert.equal(statements.length, 1, statements.join('\n'))
    assert.match(statements[0] ?? '', /flyway_schema_history/)
    assert.doesNotMatch(lines.join('\n'), /advisory/)

    assert.deepEqual(heavyOf(loaded), [])
    const own = ownOf(loaded)
    assert.ok(own.length > 10 && own.length <= mostFiles, `${own.length} files:\n${own.join('\n')}`)
  } finally {
    await server.stop()
  }
})

test('options that say how files are named and read, and up to where, load no scanner when nothing is pending either', async (t) => {
  const { url } = await testDatabase(t)
  const { directory } = writeScripts(t, {
    '001_a.sql': 'CREATE TABLE a (id integer);',
    '001_a.sql.conf': 'executeInTransaction=true',
    '002_b.sql': 'CREATE TABLE b_${flyway_table} (id integer);',
    'R__v.sql': '-- schemaway: requires=1\nCREATE VIEW v AS SELECT 1 AS one;',
    'run_all.sql': 'not SQL',
  })
  const options: MigrateOptions = {
    locations: [directory],
    naming: 'numbered',
    ignore: ['/run_all.sql'],
    encoding: 'UTF-8',
    placeholderSeparator: '_',
    ignoreMigrationPatterns: ['*:future'],
  }
  await migrate({ url, ...options })
  for (const target of ['2', 'current']) {
    const { loaded } = await migrateInProcess(url, { ...options, target })
    assert.deepEqual(heavyOf(loaded), [])
    const own = ownOf(loaded)
    assert.ok(own.length <= mostFiles + mostMoreFiles, `${own.length} files:\n${own.join('\n')}`)
  }
})

function heavyOf(loaded: readonly string[]): readonly string[] {
  return loaded.filter((url) =>
    /node_modules\/(umzug|zod)\/|\/scripts\/(scanner|parse-script|directives)|\/run\/execute-plan/.test(url),
  )
}

function ownOf(loaded: readonly string[]): readonly string[] {
  return loaded.filter((url) => /\/lib\/.*\.[jt]s/.test(url) && !url.includes('node_modules'))
}

/** Runs migrate() in a fresh process that reports its name in pg_stat_activity and every module it loads. */
async function migrateInProcess(
  url: string,
  options: MigrateOptions = { modules: ['iam'] },
): Promise<{ applicationName: string; loaded: readonly string[] }> {
  const index = fileURLToPath(new URL('../../lib/index.ts', import.meta.url))
  const hook = `export async function load(url, context, next) { process._rawDebug('loaded ' + url); return next(url, context) }`
  const program = `
    import { register } from 'node:module'
    import { hostname } from 'node:os'
    register('data:text/javascript,' + encodeURIComponent(${JSON.stringify(hook)}))
    const { migrate } = await import(${JSON.stringify(index)})
    const report = await migrate({ url: process.env.DATABASE, ...${JSON.stringify(options)} })
    if (report.migrations.length > 0) throw new Error('something was pending')
    console.log('schemaway@' + hostname() + ':' + process.pid)`
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', program], {
    env: { ...process.env, DATABASE: url },
  })
  let output = ''
  let errors = ''
  child.stdout.on('data', (chunk) => (output += chunk))
  child.stderr.on('data', (chunk) => (errors += chunk))
  const [code] = await once(child, 'close')
  assert.equal(code, 0, errors)
  const loaded = errors.split('\n').filter((line) => line.startsWith('loaded '))
  return { applicationName: output.trim(), loaded: loaded.map((line) => line.slice('loaded '.length)) }
}
