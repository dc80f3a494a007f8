import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import fc from 'fast-check'
import { findAdopted } from '../../lib/plan/find-adopted.js'
import { BigFile } from '../../lib/scripts/big-file.js'
import type { ScriptFile } from '../../lib/scripts/script-file.js'
import { fileOf, filesOf } from './fixtures.js'

const versions = fc.uniqueArray(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 12 })

/** A file of a version in one of the ways to write it, and what belongs to no version. */
function folderOf(numbers: readonly number[]) {
  const named = numbers.map((number) => `V${number % 2 === 0 ? '000' : ''}${number}__v${number}.sql`)
  return filesOf('R__view.sql', 'U2__v2.sql', 'B7__all.sql', ...named)
}

test('of golang-migrate every file up to its version is applied, by number and in order, and nothing else', () => {
  fc.assert(
    fc.property(versions, fc.nat(), (numbers, chosen) => {
      const version = numbers[chosen % numbers.length] ?? 0
      const rows = [{ version: String(version), dirty: false }]
      const { adopted, problems } = findAdopted({ tool: 'golang-migrate', rows }, folderOf(numbers))
      assert.deepEqual(problems, [])
      assert.deepEqual(
        adopted.map(({ file }) => Number(file.version?.text)),
        numbers.filter((number) => number <= version).toSorted((a, b) => a - b),
      )
    }),
  )
})

test('a version of golang-migrate without a file adopts nothing, however near the files are', () => {
  fc.assert(
    fc.property(versions, fc.integer({ min: 1, max: 31 }), (numbers, version) => {
      fc.pre(!numbers.includes(version))
      const rows = [{ version: String(version), dirty: false }]
      const { adopted, problems } = findAdopted({ tool: 'golang-migrate', rows }, folderOf(numbers))
      assert.deepEqual([adopted.length, problems.map(({ kind }) => kind)], [0, ['UNKNOWN_VERSION']])
    }),
  )
})

test('what node-pg-migrate applied keeps its order and its times', () => {
  fc.assert(
    fc.property(versions, (numbers) => {
      const rows = numbers.map((number) => ({ name: `${number}_any-name`, appliedOn: `time of ${number}` }))
      const { adopted, problems } = findAdopted({ tool: 'node-pg-migrate', rows }, folderOf(numbers))
      assert.deepEqual(problems, [])
      assert.deepEqual(
        adopted.map(({ file, appliedOn }) => [Number(file.version?.text), appliedOn]),
        numbers.map((number) => [number, `time of ${number}`]),
      )
    }),
  )
})

test('a comment that only speaks of down migrations is no section, whatever its case one that begins a line is', () => {
  const kinds = (text: string): readonly string[] =>
    findAdopted({ tool: 'node-pg-migrate', rows: [{ name: 'V1__a', appliedOn: null }] }, [
      fileOf('V1__a.sql', text),
    ]).problems.map(({ kind }) => kind)
  assert.deepEqual(kinds('-- see the down migration\nSELECT 1;'), [])
  assert.deepEqual(kinds('SELECT 1; -- Down Migration'), [])
  for (const text of ['-- Down Migration', 'SELECT 1;\n  --- DOWN  migration\nDROP', '\n--down migration']) {
    assert.deepEqual(kinds(text), ['DOWN_SECTION'], text)
  }
})

test('the list may name a file twice, in two ways', () => {
  const entries = ['V1__a.sql', '1.0', 'sub/V1__a.sql']
  const { adopted, problems } = findAdopted({ tool: null, entries }, filesOf('sub/V1__a.sql', 'V2__b.sql'))
  assert.deepEqual([adopted.map(({ file }) => file.script), problems], [['sub/V1__a.sql'], []])
})

test('a section that undoes the rest is found in a file that is too big for memory, without reading it as a whole', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'schemaway-adopt-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'V1__a.sql')
  writeFileSync(path, `SELECT 1;\n${' '.repeat(1 << 20)}\n-- Down Migration\nSELECT 2;\n`)
  const { bytes: _, ...facts } = { ...fileOf('V1__a.sql'), file: path }
  const file: ScriptFile = {
    ...facts,
    big: new BigFile(facts),
    get bytes(): Buffer {
      throw new TypeError('it is not to be read as a whole')
    },
  }
  const rows = [{ name: '1_a', appliedOn: null }]
  const { problems } = findAdopted({ tool: 'node-pg-migrate', rows }, [file])
  assert.deepEqual(
    problems.map(({ kind }) => kind),
    ['DOWN_SECTION'],
  )
})

test('an entry of the list that no file answers to says what to do about it', () => {
  const { adopted, problems } = findAdopted({ tool: null, entries: ['V9__gone.sql'] }, filesOf('V1__here.sql'))
  assert.deepEqual(adopted, [])
  assert.deepEqual(
    problems.map(({ kind, script, message }) => [kind, script, message.split('; ')[1]]),
    [['UNKNOWN_FILE', 'V9__gone.sql', 'correct it, bring the file back, or take it out of `applied`']],
  )
})
