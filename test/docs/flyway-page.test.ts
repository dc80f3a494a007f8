import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import test from 'node:test'
import { fileURLToPath } from 'node:url'
import { commandNotes } from '../../docs/generate/flyway-names.js'
import * as library from '../../lib/index.js'
import { testDatabase } from '../../lib/testing/index.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const page = readFileSync(join(root, 'docs/flyway.md'), 'utf8')

/** What the TypeScript block of each section prints. */
const expected: Readonly<Record<string, RegExp>> = {
  'Hand over': /^1 Pending\n2 Pending\n2 applied$/,
  'From golang-migrate': /^1 applied, 1 pending\n000002_names\.up\.sql$/,
  'From node-pg-migrate': /^1700000000001 Success 2024-02-03 04:05:06$/,
  'From numbered files': /^002_create_more_tables\.sql$/,
  'From a dump': /^at 1$/,
}

/** Sections with code, by title. */
const sections = new Map(
  page
    .split(/^## /m)
    .map((text): readonly [string, string] => [text.slice(0, text.indexOf('\n')), text])
    .filter(([, text]) => text.includes('```ts\n')),
)

test('each section that holds a program is run', () => {
  assert.deepEqual([...sections.keys()], Object.keys(expected))
})

for (const [title, text] of sections) {
  test(`the code of "${title}" runs on a database of its own`, async (t) => {
    const { url, sql } = await testDatabase(t)
    const directory = mkdtempSync(join(tmpdir(), 'flyway-page-'))
    t.after(() => rmSync(directory, { recursive: true, force: true }))
    for (const [, block = ''] of text.matchAll(/```sql\n([\s\S]*?)```/g)) {
      const [first = '', ...lines] = block.split('\n')
      if (first.startsWith('-- in the database')) {
        await sql.unsafe(block).simple()
        continue
      }
      const [, path = ''] = /^-- (\S+\.sql)$/.exec(first) ?? []
      assert.notEqual(path, '', `an SQL block begins with the path of its file, or with "in the database": ${first}`)
      mkdirSync(join(directory, dirname(path)), { recursive: true })
      writeFileSync(join(directory, path), lines.join('\n'))
    }
    const programs = [...text.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, program = '']) => program)
    assert.equal(programs.length, 1)
    const output = await run(programs[0] ?? '', directory, url)
    assert.match(output.trim(), expected[title] ?? /^$/)
  })
}

/** A program in the folder that holds the files. */
async function run(program: string, directory: string, url: string): Promise<string> {
  writeFileSync(join(directory, 'program.mts'), program.replaceAll("'schemaway'", `'${join(root, 'lib/index.ts')}'`))
  const child = spawn(process.execPath, ['--import', join(root, 'node_modules/tsx/dist/loader.mjs'), 'program.mts'], {
    cwd: directory,
    env: { ...process.env, DATABASE_URL: url },
  })
  let output = ''
  let errors = ''
  child.stdout.on('data', (chunk) => (output += chunk))
  child.stderr.on('data', (chunk) => (errors += chunk))
  const [code] = await once(child, 'close')
  assert.equal(code, 0, `${program}\n${errors}`)
  return output
}

test('every command that the page names is a function of the package', () => {
  const named = [...page.matchAll(/`(\w+)\(/g)].map(([, name = '']) => name)
  const functions = new Set([...named, ...commandNotes.flatMap(({ ours }) => ours)])
  assert.deepEqual(
    [...functions].filter((name) => !(name in library)),
    [],
  )
})

test('commands, options and differences are made from code and scenarios', () => {
  assert.deepEqual(
    [...page.matchAll(/<!-- generated: (\w+) -->\n\n\|/g)].map(([, name]) => name),
    ['commands', 'options', 'differences'],
  )
})

test('every local link leads to a file, or to a heading', () => {
  const headings = [...page.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\w\s-]/g, '')
      .replaceAll(' ', '-'),
  )
  for (const [, path = '', anchor] of page.matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)/g)) {
    if (path !== '') assert.ok(existsSync(join(root, 'docs', path)), path)
    if (anchor !== undefined) assert.ok(headings.includes(anchor), anchor)
  }
})
