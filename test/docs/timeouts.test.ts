import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { get } from 'node:http'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { wholeOptionTable } from '../../lib/config/whole-option-table.js'
import { errorCodes } from '../../lib/errors/error-codes.js'
import { info } from '../../lib/index.js'
import { testDatabase } from '../../lib/testing/index.js'
import { closedPort } from '../run/fake-server.js'
import { waitForSleep } from '../support/wait-until.js'
import { readBlocks, readPage, runBlocks, writeFiles } from './run-guide.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const page = readPage('timeouts.md')
const blocks = readBlocks(page)
const isService = ({ text }: { readonly text: string }): boolean => text.startsWith('// service.ts')

/** Below the root, so that programs find what they import. */
function directoryOf(t: TestContext): string {
  mkdirSync(join(root, '.tmp'), { recursive: true })
  const directory = mkdtempSync(join(root, '.tmp', 'timeouts-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  writeFiles(blocks, directory)
  return directory
}

test('the program with a deadline runs', async (t) => {
  const { url, sql } = await testDatabase(t)
  const site = { directory: directoryOf(t), url, sql, environment: {}, shell: async () => {} }
  assert.equal(
    await runBlocks(
      blocks.filter((block) => !isService(block)),
      site,
    ),
    1,
  )
})

test('the service answers while it migrates, and ends by itself on SIGTERM', async (t) => {
  const { url, sql } = await testDatabase(t)
  const directory = directoryOf(t)
  writeFileSync(join(directory, 'db/migration/V2__slow.sql'), 'CREATE TABLE slow (id int); SELECT pg_sleep(600);')
  const service = blocks.find(isService)
  assert.ok(service !== undefined)
  const file = join(directory, 'service.mts')
  writeFileSync(file, service.text.replaceAll("'schemaway'", `'${join(root, 'lib/index.ts')}'`))
  const port = await closedPort()
  const child = spawn(process.execPath, ['--import', 'tsx', file], {
    cwd: directory,
    env: { ...process.env, DATABASE_URL: url, PORT: String(port) },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.on('data', (chunk) => (output += chunk))
  const closed = once(child, 'close')
  await waitForSleep(sql)
  assert.equal(await answerOf(port), 200)
  child.kill('SIGTERM')
  assert.deepEqual(await closed, [0, null])
  assert.equal(output.trim(), 'stopped; the next start goes on')
  const { currentVersion, pending } = await info({ url, locations: join(directory, 'db/migration') })
  assert.deepEqual([currentVersion, pending], ['1', 1])
  assert.deepEqual([...(await sql`SELECT to_regclass('slow') AS slow`)], [{ slow: null }])
})

test('what the page names is there: options with their defaults, codes, files', () => {
  const table = page.split('\n## ')[0] ?? ''
  const rows = [...table.matchAll(/^\| [^|]+ \| `(\w+)` \| ([^|]+) \|/gm)]
  assert.equal(rows.length, 7)
  const units: Readonly<Record<string, number>> = { s: 1_000, min: 60_000 }
  for (const [, name = '', told = ''] of rows) {
    const option = Object.entries(wholeOptionTable).find(([one]) => one === name)?.[1]
    assert.ok(option !== undefined, name)
    const [, amount = '', unit = ''] = /^(\d+)? ?(\w*)/.exec(told) ?? []
    if (told === 'no limit') assert.ok(option.default === 0 || option.default === null, name)
    else assert.equal(option.default, Number(amount) * (units[unit] ?? 1), name)
  }
  const codes = [...page.matchAll(/`([A-Z]+_?[A-Z_]+)`/g)].map(([, code]) => code)
  assert.deepEqual(
    codes.filter((code) => !errorCodes.some((one) => one === code)),
    [],
  )
  for (const [, path = ''] of page.matchAll(/`(test\/[\w/.-]+)`/g)) assert.ok(existsSync(join(root, path)), path)
})

async function answerOf(port: number): Promise<number | undefined> {
  return await new Promise((resolve, reject) => {
    const request = get({ port, host: '127.0.0.1', agent: false }, (response) => {
      response.resume()
      response.on('end', () => resolve(response.statusCode))
    })
    request.on('error', reject)
  })
}
