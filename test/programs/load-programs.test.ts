import assert from 'node:assert/strict'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { fileURLToPath } from 'node:url'
import { migrate } from '../../lib/index.js'
import { testDatabase } from '../../lib/testing/index.js'
import { expectError } from '../support/expect-error.js'
import { writeScripts } from '../support/write-scripts.js'
import { runNode } from './run-node.js'

const fixtures = fileURLToPath(new URL('./fixtures', import.meta.url))

/** A folder outside every project, so that nothing is found above it. */
function createFolder(t: { after(work: () => void): void }, files: Readonly<Record<string, string>>): string {
  const directory = mkdtempSync(join(tmpdir(), 'schemaway-programs-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text)
  return directory
}

test('what a file has to export is checked before anything is applied', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory, write } = writeScripts(t, { 'V1__a.sql': 'CREATE TABLE a ()' })
  for (const [text, reason] of [
    ['export const helper = 1', /exports no function `up`\. Write: export async function up/],
    ['export const up = 1', /exports `up`, which has to be a function and is of type number/],
    ['export const up = () => {}; export const down = "x"', /exports `down`, which has to be a function/],
    [
      "export const up = () => {}; export const transaction = 'no'",
      /exports `transaction`, which has to be 'none' or 'default'/,
    ],
    [
      "export default { up() {}, transacton: 'none' }",
      /has `transacton` in its default export; known are up, down, transaction/,
    ],
    ['export const up = () => {', /could not be loaded: SyntaxError/],
    ["import './nowhere.js'; export const up = () => {}", /could not be loaded: Error: Cannot find module/],
    ["throw new Error('at the top')", /could not be loaded: Error: at the top/],
  ] as const) {
    write({ 'V2__b.mjs': text })
    const error = await expectError('INVALID_SCRIPT', migrate({ url, locations: directory }))
    assert.match(error.message, reason)
    assert.deepEqual([error.details.script, error.details.version], ['V2__b.mjs', '2'])
  }
  assert.equal((await sql`SELECT to_regclass('a') AS a`)[0]?.['a'], null)
})

test('a default export, with helpers beside it and `this`, does as well', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeScripts(t, {
    'V1__a.mjs':
      "export const helper = 1\nexport default { up({ sql }) { return this.down({ sql }) }, down: ({ sql }) => sql`CREATE TABLE a ()`, transaction: 'default' }",
    'V2__b.ts': 'export default { async up({ sql }: { sql: any }) { await sql`CREATE TABLE b ()` } }',
  })
  await migrate({ url, locations: directory })
  assert.equal((await sql`SELECT coalesce(to_regclass('a'), to_regclass('b'))::text AS a`)[0]?.['a'], 'a')
})

for (const type of ['module', 'commonjs']) {
  test(`a package of type ${type}, whose migrations are in TypeScript and JavaScript, run by a plain Node.js`, async (t) => {
    const { url, sql } = await testDatabase(t)
    const directory = createFolder(t, { 'package.json': JSON.stringify({ type }) })
    cpSync(join(fixtures, type), join(directory, 'migrations'), { recursive: true })
    mkdirSync(join(directory, 'node_modules'))
    symlinkSync(fileURLToPath(new URL('../../node_modules/tsx', import.meta.url)), join(directory, 'node_modules/tsx'))
    const { code, output } = await runNode(t, directory, url)
    assert.equal(code, 0, output)
    assert.deepEqual(
      (await sql`SELECT name FROM users ORDER BY name`).map(({ name }) => name),
      ['Ada', 'Grace'],
    )
  })
}

test('without tsx, a Node.js that cannot strip types says what to install', async (t) => {
  const { url } = await testDatabase(t)
  const directory = createFolder(t, { 'package.json': '{"type":"module"}' })
  mkdirSync(join(directory, 'migrations'))
  writeFileSync(join(directory, 'migrations/V1__a.ts'), 'export const up = ({ sql }: any) => sql`SELECT 1`')
  const { code, output } = await runNode(t, directory, url)
  if ('typescript' in process.features && process.features.typescript) assert.equal(code, 0, output)
  else assert.match(output, /"code":"INVALID_SCRIPT".*V1__a\.ts is written in TypeScript.*npm install --save-dev tsx/)
})
