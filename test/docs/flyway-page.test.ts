import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { fileURLToPath } from 'node:url'
import { commandNotes } from '../../docs/generate/flyway-names.js'
import * as library from '../../lib/index.js'
import { testDatabase } from '../../lib/testing/index.js'
import { guideDirectory, readBlocks, readPage, runBlocks, writeFiles } from './run-guide.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const page = readPage('flyway.md')

test('the code of the page runs, section by section, on one database', async (t) => {
  const { url, sql } = await testDatabase(t)
  const directory = guideDirectory(t)
  const ran: string[] = []
  for (const section of page.split(/^## /m)) {
    const blocks = readBlocks(section)
    writeFiles(blocks, directory)
    const shell = (command: string): never => assert.fail(`${command} is run by nobody`)
    const programs = await runBlocks(blocks, { directory, url, sql, environment: {}, shell })
    if (programs > 0) ran.push(section.slice(0, section.indexOf('\n')))
  }
  assert.deepEqual(ran, ['Callbacks', 'Migrations in TypeScript'])
})

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
    ['commands', 'options', 'codes', 'differences'],
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
