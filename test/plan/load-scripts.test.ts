import assert from 'node:assert/strict'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import type { Config } from '../../lib/config/read-options.js'
import { bundledModules } from '../../lib/modules/bundled.js'
import { defineModule } from '../../lib/modules/define-module.js'
import { loadScripts as load, selectedNames } from '../../lib/plan/load-scripts.js'
import type { MigrationEvent } from '../../lib/run/events.js'
import type { ScriptFile } from '../../lib/scripts/script-file.js'
import { expectError } from '../support/expect-error.js'
import { writeScripts } from '../support/write-scripts.js'
import { configOf } from './fixtures.js'

/** Reads a selection with the options of a user; what is not given has its default. */
async function loadScripts(
  selection: Config['selection'],
  options: Partial<Config> = {},
): Promise<readonly ScriptFile[]> {
  return await load(selection, { ...(await configOf({ locations: '/sql' })), ...options })
}

/** What is told while a selection is read. */
async function eventsOf(selection: Config['selection'], options: Partial<Config>): Promise<readonly MigrationEvent[]> {
  const events: MigrationEvent[] = []
  await loadScripts(selection, { ...options, isObserved: true, onEvent: (event) => events.push(event) })
  return events
}

test('scripts of modules carry the name of their module in their path, those of locations do not', async (t) => {
  const { directory } = writeScripts(t, { 'V1__a.sql': '', 'deep/R__b.sql': '' })
  const other = writeScripts(t, { 'V2__c.sql': '', 'U2__c.sql': '' })
  const billing = defineModule({ name: 'billing', directory })
  const selection = { modules: [billing], locations: [other.directory] }
  assert.deepEqual(
    (await loadScripts(selection)).map(({ module, script, file }) => [module, script, file]),
    [
      ['billing', 'billing/V1__a.sql', join(directory, 'V1__a.sql')],
      ['billing', 'billing/deep/R__b.sql', join(directory, 'deep/R__b.sql')],
      ['', 'U2__c.sql', join(other.directory, 'U2__c.sql')],
      ['', 'V2__c.sql', join(other.directory, 'V2__c.sql')],
    ],
  )
  assert.deepEqual([...selectedNames(selection)], ['billing', ''])
  assert.deepEqual([...selectedNames({ ...selection, locations: [] })], ['billing'])
})

test('bad names and duplicates of every kind are reported together, each with both files', async (t) => {
  const first = writeScripts(t, {
    'V1__a.sql': '',
    'sub/V1.0__b.sql': '',
    'U1__a.sql': '',
    'sub/U01__b.sql': '',
    'B1__a.sql': '',
    'sub/B1__b.sql': '',
    'R__view.sql': '',
    'UR__view.sql': '',
    'notes.sql': '',
  })
  const second = writeScripts(t, { 'R__view.sql': '', 'UR__view.sql': '' })
  const modules = [
    defineModule({ name: 'billing', directory: first.directory }),
    defineModule({ name: 'shipping', directory: second.directory }),
  ]
  const error = await expectError('INVALID_SCRIPT_NAMES', loadScripts({ modules, locations: [] }))
  assert.deepEqual(
    error.details.problems?.map(({ kind, script, module, version }) => [kind, script, module, version]),
    [
      ['INVALID_NAME', 'billing/notes.sql', 'billing', undefined],
      ['DUPLICATE_VERSIONED_MIGRATION', 'billing/sub/B1__b.sql', 'billing', '1'],
      ['DUPLICATE_UNDO_MIGRATION', 'billing/sub/U01__b.sql', 'billing', '01'],
      ['DUPLICATE_VERSIONED_MIGRATION', 'billing/sub/V1.0__b.sql', 'billing', '1.0'],
      ['DUPLICATE_REPEATABLE_MIGRATION', 'shipping/R__view.sql', 'shipping', undefined],
      ['DUPLICATE_REPEATABLE_MIGRATION', 'shipping/UR__view.sql', 'shipping', undefined],
    ],
  )
  assert.match(error.message, /^6 scripts have a name that cannot be used: billing\/notes\.sql: /)
  assert.match(error.message, /billing\/V1__a\.sql and billing\/sub\/V1\.0__b\.sql both have version 1\.0/)
  assert.match(error.message, /billing\/R__view\.sql and shipping\/R__view\.sql both have description "view"/)
})

test('two locations with files of the same name are told apart by their paths on disk', async (t) => {
  const [one, other] = [writeScripts(t, { 'V1__a.sql': '' }), writeScripts(t, { 'V1__a.sql': '' })]
  const error = await expectError(
    'INVALID_SCRIPT_NAMES',
    loadScripts({ modules: [], locations: [one.directory, other.directory] }),
  )
  assert.ok(
    error.message.includes(`${join(one.directory, 'V1__a.sql')} and ${join(other.directory, 'V1__a.sql')} both`),
  )
})

test('V, U and B files of one version, and R and UR files of one description, belong together', async (t) => {
  const names = ['V1__a.sql', 'U1__a.sql', 'B1__a.sql', 'R__a.sql', 'UR__a.sql']
  const { directory } = writeScripts(t, Object.fromEntries(names.map((name) => [name, ''])))
  assert.deepEqual(
    (await loadScripts({ modules: [], locations: [directory] })).map((file) => file.script),
    names.toSorted(),
  )
})

test('a folder that does not exist is refused, whoever names it', async () => {
  const gone = defineModule({ name: 'gone', directory: '/nowhere/at/all' })
  const error = await expectError('UNREADABLE_DIRECTORY', loadScripts({ modules: [gone], locations: [] }))
  assert.match(error.message, /\/nowhere\/at\/all does not exist/)
})

test('a file that is not UTF-8 is refused with its path', async (t) => {
  const { directory } = writeScripts(t, { 'V1__a.sql': '' })
  writeFileSync(join(directory, 'V2__latin.sql'), Buffer.from("SELECT 'gr\u00fc\u00dfe'", 'latin1'))
  const error = await expectError('INVALID_SCRIPT', loadScripts({ modules: [], locations: [directory] }))
  assert.match(error.message, /^V2__latin\.sql, line 1, column 11: the file is not valid UTF-8/)
})

test('a .conf file names the encoding of its script, and a faulty one is refused with its path', async (t) => {
  const { directory, write } = writeScripts(t, { 'V1__a.sql.conf': 'encoding=ISO-8859-1', 'V2__b.sql': "SELECT 'é'" })
  writeFileSync(join(directory, 'V1__a.sql'), Buffer.from("SELECT 'é'", 'latin1'))
  const selection = { modules: [], locations: [directory] }
  const [first, second] = await loadScripts(selection)
  assert.equal(first?.bytes.toString(), "SELECT 'é'")
  assert.equal(first.checksum, second?.checksum)
  assert.deepEqual(first.configuration, { encoding: 'ISO-8859-1' })
  write({ 'V2__b.sql.conf': 'encoding=ebcdic' })
  const unknown = await expectError('INVALID_SCRIPT', loadScripts(selection))
  assert.match(
    unknown.message,
    /^V2__b\.sql\.conf, line 1, column 1: the encoding ebcdic is not known\. Known are utf-8, /,
  )
  write({ 'V2__b.sql.conf': 'encoding=UTF-16LE', 'V2__b.sql': 'odd' })
  const undecodable = await expectError('INVALID_SCRIPT', loadScripts(selection))
  assert.match(undecodable.message, /^V2__b\.sql, line 1, column 2: the file is not valid utf-16le at byte 2/)
})

test('a .conf file turns placeholders off and on for its script; without a script it says nothing', async (t) => {
  const { directory } = writeScripts(t, {
    'V1__a.sql': '',
    'V1__a.sql.conf': 'placeholderReplacement=false',
    'V2__b.sql': '',
    'V2__b.sql.conf': 'placeholderReplacement=true',
    'V3__c.sql': '',
    'V4__d.sql.conf': 'encoding=nonsense',
  })
  const selection = { modules: [], locations: [directory] }
  const marksOf = (files: readonly ScriptFile[]): readonly unknown[] => files.map((file) => file.placeholderMarks)
  const marks = { prefix: '${', suffix: '}', separator: ':' }
  assert.deepEqual(marksOf(await loadScripts(selection)), [null, marks, undefined])
  assert.deepEqual(marksOf(await loadScripts(selection, { placeholderReplacement: false })), [null, marks, null])
})

test('a .conf file beside which there is no script is told of, as one whose script is left out is not', async (t) => {
  const { directory } = writeScripts(t, {
    'V1__a.sql': '',
    'V1__b.sql.conf': 'executeInTransaction=nonsense',
    'V2__b.sql': '',
    'V2__b.sql.conf': 'executeInTransaction=nonsense',
  })
  const events = await eventsOf({ modules: [], locations: [directory] }, { ignore: ['V2__*.sql'] })
  assert.deepEqual(events, [{ type: 'configurationWithoutScript', file: join(directory, 'V1__b.sql.conf') }])
})

test('a .conf file that cannot be read is named in an error of ours', async (t) => {
  const { directory } = writeScripts(t, { 'V1__a.sql': '' })
  mkdirSync(join(directory, 'V2__b.sql.conf'))
  symlinkSync(join(directory, 'nowhere'), join(directory, 'V1__a.sql.conf'))
  const selection = { modules: [], locations: [directory] }
  const error = await expectError('UNREADABLE_DIRECTORY', loadScripts(selection))
  assert.match(error.message, /V1__a\.sql\.conf/)
  assert.equal(error.details.directory, directory)
})

test('a pattern of ignore may begin with a slash, and one that leaves out nothing is told of', async (t) => {
  const { directory } = writeScripts(t, { 'V1__a.sql': '', 'run_all.sql': '', 'old/V2__b.sql': '' })
  const other = writeScripts(t, { 'V3__c.sql': '', 'notes.sql': '' })
  const selection = { modules: [], locations: [directory, other.directory] }
  const ignore = ['/run_all.sql', './old/', '*/notes.sql', 'notes.sql', 'V9__*.sql']
  assert.deepEqual(
    (await loadScripts(selection, { ignore })).map(({ script }) => script),
    ['V1__a.sql', 'V3__c.sql'],
  )
  assert.deepEqual(await eventsOf(selection, { ignore }), [
    { type: 'ignoreUnused', pattern: '*/notes.sql' },
    { type: 'ignoreUnused', pattern: 'V9__*.sql' },
  ])
})

test('where only bundled modules are read, no pattern of ignore is asked', async () => {
  const events = await eventsOf({ modules: bundledModules().slice(0, 1), locations: [] }, { ignore: ['x.sql'] })
  assert.deepEqual(events, [])
})

test('under up-down a repeatable and what drops it may be named like the other files', async (t) => {
  const { directory } = writeScripts(t, { '1_a.up.sql': '', 'R__v.up.sql': '', 'R__v.down.sql': '', 'R__w.sql': '' })
  const selection = { modules: [], locations: [directory] }
  const files = await loadScripts(selection, { naming: 'up-down' })
  assert.deepEqual(
    files.map(({ kind, description }) => [kind, description]),
    [
      ['versioned', 'a'],
      ['drop', 'v'],
      ['repeatable', 'v'],
      ['repeatable', 'w'],
    ],
  )
})

test('a file in the wrong encoding is refused in the words of the encoding that was asked for', async (t) => {
  const { directory } = writeScripts(t, {})
  writeFileSync(join(directory, 'V1__a.sql'), Buffer.from('-- \x81', 'latin1'))
  const selection = { modules: [], locations: [directory] }
  const error = await expectError('INVALID_SCRIPT', loadScripts(selection, { encoding: 'windows-1252' }))
  assert.match(error.message, /^V1__a\.sql, line 1, column 4: the file is not valid windows-1252 at byte 3 \(0x81\)/)
})

test('twins named .up.sql and .down.sql in Flyway’s style are refused with the option for them', async (t) => {
  const { directory } = writeScripts(t, { 'V1__a.up.sql': '', 'V1__a.down.sql': '' })
  const error = await expectError('INVALID_SCRIPT_NAMES', loadScripts({ modules: [], locations: [directory] }))
  assert.match(
    error.message,
    /both have version 1; give one of them another, or set naming: 'up-down'\. Names follow Flyway/,
  )
})

test('patterns that find the same file read it once', async (t) => {
  const { directory } = writeScripts(t, { 'db/sql/V1__a.sql': '', 'db/V2__b.sql': '', 'other/V3__c.sql': '' })
  const locations = [`${directory}/*/sql`, `${directory}/db/*`, `${directory}/**/other`]
  assert.deepEqual(
    (await loadScripts({ modules: [], locations })).map(({ script }) => script),
    ['V1__a.sql', 'V3__c.sql'],
  )
})
