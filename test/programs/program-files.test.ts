import assert from 'node:assert/strict'
import test from 'node:test'
import { validateFiles } from '../../lib/index.js'
import { parseProgramName, readProgramFiles } from '../../lib/programs/read-program-files.js'
import { expectError } from '../support/expect-error.js'
import { writeScripts } from '../support/write-scripts.js'

const program = 'export const up = () => {}'

test('files that begin as migrations are read, helpers, declarations and maps are left alone', async (t) => {
  const { directory } = writeScripts(t, {
    'V1__a.ts': program,
    'V2__b.js': program,
    'V3__c.mts': program,
    'V4__d.mjs': program,
    'V5__e.cts': program,
    'sub/V6__f.cjs': program,
    'R__g.ts': program,
    'V1__a.d.ts': '',
    'V3__c.d.mts': '',
    'V2__b.js.map': '',
    'V7__h.tsx': '',
    'Values.ts': '',
    'Region.js': '',
    'helper.ts': '',
    'readme.md': '',
  })
  assert.equal((await validateFiles({ locations: directory })).checked, 7)
})

test('a name that is nearly one of a migration is told, with what to do', async (t) => {
  const names: Readonly<Record<string, RegExp>> = {
    'V1_a.ts': /"1_a" is not a version/,
    'v1__a.ts': /prefixes are upper-case/,
    'U1__a.ts': /a program is undone by the `down` that its V file exports, or by a U file in SQL/,
    'B1__a.mjs': /a B file is written in SQL/,
    'UR__a.js': /a UR file is written in SQL/,
    'V1__a.test.ts':
      /named as a migration, and as a test; to leave it out, add '\*\*\/\*\.test\.\*' to the option ignore/,
  }
  for (const [name, reason] of Object.entries(names)) {
    const { directory } = writeScripts(t, { [name]: program })
    const error = await expectError('VALIDATION_FAILED', validateFiles({ locations: directory }))
    assert.match(error.message, reason)
    assert.match(error.message, new RegExp(name.replaceAll('.', '\\.')))
    const ignored = { locations: directory, ignore: [name] }
    assert.equal((await validateFiles(ignored)).checked, 0)
  }
})

test('a numbered program of another tool is told, not passed over, where SQL files begin with numbers', async (t) => {
  const { directory } = writeScripts(t, { '1_a.sql': 'SELECT 1;', '2_b.js': program, 'helper.js': program })
  for (const naming of ['numbered', 'up-down'] as const) {
    const error = await expectError('VALIDATION_FAILED', validateFiles({ locations: directory, naming }))
    assert.match(error.message, /2_b\.js: a program is named V<version>__<description> and exports `up`/)
  }
  assert.equal((await validateFiles({ locations: directory, naming: 'numbered', ignore: ['2_b.js'] })).checked, 1)
  // Under Flyway's names nothing in these languages begins with a number.
  assert.equal((await validateFiles({ locations: directory, ignore: ['1_a.sql'] })).checked, 0)
})

test('two files of one version are refused, in whatever language they are', async (t) => {
  for (const names of [
    ['V1__a.sql', 'V1__a.ts'],
    ['V1__a.ts', 'V1__a.js'],
    ['V1__a.mjs', 'V1.0__b.sql'],
  ]) {
    const { directory } = writeScripts(t, Object.fromEntries(names.map((name) => [name, program])))
    const error = await expectError('VALIDATION_FAILED', validateFiles({ locations: directory }))
    assert.ok(error.details.problems?.some(({ kind }) => kind === 'DUPLICATE_VERSIONED_MIGRATION'))
  }
})

test('programs are named as Flyway names files, whatever the style of the SQL files', async (t) => {
  const { directory } = writeScripts(t, { '001_a.sql': 'SELECT 1', 'V2__b.ts': program, 'helper.ts': 'not read' })
  assert.equal((await validateFiles({ locations: directory, naming: 'numbered' })).checked, 2)
})

test('a program in an encoding of its own is refused, and the encoding of SQL files does not concern it', async (t) => {
  const { directory, write } = writeScripts(t, { 'V1__a.sql': '', 'V2__b.mjs': '// é\nexport const up = () => {}' })
  assert.equal((await validateFiles({ locations: directory, encoding: 'iso-8859-1' })).checked, 2)
  write({ 'V2__b.mjs': Buffer.from([0x2f, 0x2f, 0xe9, 0x0a]) as unknown as string })
  const error = await expectError('VALIDATION_FAILED', validateFiles({ locations: directory }))
  assert.match(error.message, /V2__b\.mjs.*UTF-8/s)
})

test('a program that is no longer there is told with its path', async (t) => {
  const { directory } = writeScripts(t, { 'V1__a.sql': '' })
  const read = { files: [], badNames: [], programs: [{ path: `${directory}/V2__b.ts`, below: 'V2__b.ts' }] }
  await expectError('UNREADABLE_DIRECTORY', (async () => readProgramFiles(read, { module: '', prefix: '' }))())
})

test('version and description are those of a SQL file of that name', () => {
  const parsed = parseProgramName('V2026.03.01__normalise_phones.mts')
  assert.ok(parsed.ok)
  assert.deepEqual(
    [parsed.kind, parsed.version?.text, parsed.description],
    ['versioned', '2026.03.01', 'normalise phones'],
  )
})
