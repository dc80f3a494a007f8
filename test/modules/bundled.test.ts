import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { bundled, bundledModules, findSqlDirectory } from '../../lib/modules/bundled.js'
import { refusal } from '../plan/refusal.js'

const repository = fileURLToPath(new URL('../../', import.meta.url))

/** A folder whose name has everything that a URL has to encode. */
function strangeFolder(t: TestContext): string {
  const root = mkdtempSync(join(tmpdir(), 'schemaway bundled #1 %41 ü-'))
  t.after(() => rmSync(root, { recursive: true, force: true }))
  return root
}

/** Gives each bundled module a folder below one of SQL, with a script in it or without. */
function layFolders(sql: string, { script }: { readonly script: string | undefined }): void {
  for (const { name } of bundled) {
    mkdirSync(join(sql, name), { recursive: true })
    if (script !== undefined) writeFileSync(join(sql, name, script), '')
  }
}

test('every bundled module has a folder of SQL, and requires only modules that come before it', () => {
  const before = new Set<string>()
  for (const module of bundledModules()) {
    assert.ok(existsSync(module.directory), module.directory)
    assert.equal(module.isBundled, true)
    assert.ok(Object.isFrozen(module))
    for (const required of module.requires) assert.ok(before.has(required), `${module.name} requires ${required}`)
    before.add(module.name)
  }
  assert.deepEqual(
    [...before],
    bundled.map((module) => module.name),
  )
})

test('the SQL is found two levels above, beside, or one level above the running file', (t) => {
  const root = strangeFolder(t)
  for (const [sql, running] of [
    ['package/sql', 'package/dist/modules/bundled.js'],
    ['beside/sql', 'beside/server.mjs'],
    ['above/sql', 'above/dist/server.mjs'],
  ] as const) {
    layFolders(join(root, sql), { script: 'V1__x.sql' })
    assert.equal(findSqlDirectory(pathToFileURL(join(root, running)).href), join(root, sql))
  }
})

test('SQL that a bundler left behind is reported with the places that were looked at and the remedy', (t) => {
  const root = strangeFolder(t)
  // A folder of another program that only happens to be named sql.
  mkdirSync(join(root, 'app', 'dist', 'sql', 'other'), { recursive: true })
  const running = pathToFileURL(join(root, 'app', 'dist', 'server.mjs')).href
  const error = refusal('BUNDLED_SQL_MISSING', () => findSqlDirectory(running))
  for (const place of ['sql', 'app/dist/sql', 'app/sql']) assert.ok(error.message.includes(join(root, place)), place)
  assert.match(error.message, /cp -r node_modules\/schemaway\/sql dist\//)
  assert.match(error.message, /--external:schemaway/)
  assert.equal(error.details.directory, join(root, 'app', 'dist', 'sql'))
})

test('a folder in which a module has no scripts does not pass for the SQL, and the nearest complete one wins', (t) => {
  const root = strangeFolder(t)
  const near = join(root, 'app', 'dist', 'sql')
  const far = join(root, 'sql')
  for (const sql of [far, join(root, 'app', 'sql'), near]) layFolders(sql, { script: undefined })
  const running = pathToFileURL(join(root, 'app', 'dist', 'server.mjs')).href
  refusal('BUNDLED_SQL_MISSING', () => findSqlDirectory(running))
  layFolders(far, { script: 'V1__far.sql' })
  assert.equal(findSqlDirectory(running), far)
  layFolders(near, { script: 'V1__near.sql' })
  assert.equal(findSqlDirectory(running), near)
  for (const { name } of bundled) {
    rmSync(join(near, name, 'V1__near.sql'))
    assert.equal(findSqlDirectory(running), far, `without the script of ${name}`)
    writeFileSync(join(near, name, 'V1__near.sql'), '')
  }
})

for (const format of ['esm', 'cjs'] as const) {
  test(`a bundle in ${format} format finds the SQL beside it, in a folder with signs that URLs encode`, async (t) => {
    const root = strangeFolder(t)
    const entry = join(root, 'entry.ts')
    const outfile = join(root, format === 'esm' ? 'server.mjs' : 'server.cjs')
    const source = pathToFileURL(join(repository, 'lib/modules/bundled.ts'))
    writeFileSync(
      entry,
      `import { bundledModules } from ${JSON.stringify(fileURLToPath(source))}\n` +
        'console.log(bundledModules()[0]?.directory)\n',
    )
    await build({ entryPoints: [entry], outfile, bundle: true, platform: 'node', format, logLevel: 'silent' })
    cpSync(join(repository, 'sql'), join(root, 'sql'), { recursive: true })
    const output = execFileSync(process.execPath, [outfile], { encoding: 'utf8', cwd: tmpdir() })
    assert.equal(output.trim(), join(root, 'sql', 'iam'))
  })
}
