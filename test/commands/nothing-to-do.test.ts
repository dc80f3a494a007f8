import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { fileURLToPath } from 'node:url'
import { migrate } from '../../lib/index.js'
import { startPostgres } from '../../lib/testing/index.js'

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

    const heavy = loaded.filter((url) =>
      /node_modules\/(umzug|zod)\/|\/scripts\/(scanner|parse-script)|\/run\/execute-plan/.test(url),
    )
    assert.deepEqual(heavy, [])
    const own = loaded.filter((url) => /\/lib\/.*\.[jt]s/.test(url) && !url.includes('node_modules'))
    assert.ok(own.length > 10 && own.length <= mostFiles, `${own.length} files:\n${own.join('\n')}`)
  } finally {
    await server.stop()
  }
})

/** Runs migrate() in a fresh process that reports its name in pg_stat_activity and every module it loads. */
async function migrateInProcess(url: string): Promise<{ applicationName: string; loaded: readonly string[] }> {
  const index = fileURLToPath(new URL('../../lib/index.ts', import.meta.url))
  const hook = `export async function load(url, context, next) { process._rawDebug('loaded ' + url); return next(url, context) }`
  const program = `
    import { register } from 'node:module'
    import { hostname } from 'node:os'
    register('data:text/javascript,' + encodeURIComponent(${JSON.stringify(hook)}))
    const { migrate } = await import(${JSON.stringify(index)})
    const report = await migrate({ url: process.env.DATABASE, modules: ['iam'] })
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
