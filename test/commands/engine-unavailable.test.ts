import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import test from 'node:test'
import { fileURLToPath } from 'node:url'
import { testDatabase } from '../../lib/testing/index.js'
import { writeScripts } from '../support/write-scripts.js'

const index = fileURLToPath(new URL('../../lib/index.ts', import.meta.url))

test('where Umzug cannot be loaded, nothing is changed and the error names the remedy for bundles', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeScripts(t, { 'V1__one.sql': 'CREATE TABLE one (id int);' })
  const hook = `export async function resolve(name, context, next) {
    if (name === 'umzug') throw new Error('Dynamic require of "node:fs" is not supported')
    return next(name, context)
  }`
  const program = `
    import { register } from 'node:module'
    register('data:text/javascript,' + encodeURIComponent(${JSON.stringify(hook)}))
    const { migrate } = await import(${JSON.stringify(index)})
    const error = await migrate({ url: ${JSON.stringify(url)}, locations: ${JSON.stringify(directory)} }).catch((error) => error)
    console.log(JSON.stringify(error))`
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', program])
  let output = ''
  child.stdout.on('data', (chunk) => (output += chunk))
  await once(child, 'close')
  const error = JSON.parse(output) as { code: string; message: string }
  assert.equal(error.code, 'ENGINE_UNAVAILABLE')
  assert.match(error.message, /Dynamic require.*Nothing was changed.*createRequire.*--external:umzug/)
  assert.equal((await sql`SELECT FROM pg_class WHERE relname = 'one'`).length, 0)
})
