import assert from 'node:assert/strict'
import test from 'node:test'
import { migrate } from '../../lib/index.js'
import { testDatabase } from '../../lib/testing/index.js'
import { expectError } from '../support/expect-error.js'
import { writeScripts } from '../support/write-scripts.js'

const none = '-- schemaway: transaction=none\n'
/** Cannot be seen in the text of a script. */
const hidden = 'SELECT change_letters();\n'
const table = {
  'V1__a.sql': `CREATE TABLE a (letter text);
CREATE FUNCTION change_letters() RETURNS text LANGUAGE sql AS $$ SELECT set_config('client_encoding', 'LATIN1', false) $$;`,
}
const rows = 'COPY a FROM stdin;\né\n\\.\n'

test('a dump in LATIN1 is refused for its SET; without it, its letters arrive as they are', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory, write } = writeScripts(t, table)
  const dump = (setting: string): string => `${setting}${rows}`
  write({ 'V2__b.sql': dump("SET client_encoding = 'LATIN1';\n") })
  const error = await expectError('INVALID_SCRIPT', migrate({ url, locations: directory }))
  assert.match(error.message, /V2__b\.sql, line 1, column 1: .*everything is sent to it as UTF-8/)
  write({ 'V2__b.sql': dump("SET client_encoding = 'UTF8';\n") })
  await migrate({ url, locations: directory })
  assert.deepEqual([...(await sql`SELECT letter FROM a`)], [{ letter: 'é' }])
})

test('rows are not stored as other letters when a function changed client_encoding before them', async (t) => {
  for (const beginning of ['', none]) {
    const { url, sql } = await testDatabase(t)
    const { directory } = writeScripts(t, { ...table, 'V2__b.sql': `${beginning}${hidden}${rows}` })
    const error = await expectError('INVALID_SCRIPT', migrate({ url, locations: directory }))
    assert.match(error.message, /V2__b\.sql changed client_encoding to LATIN1, but everything is sent as UTF-8/)
    assert.equal(error.details.script, 'V2__b.sql')
    assert.deepEqual([...(await sql`SELECT letter FROM a`)], [])
    assert.equal((await sql`SELECT FROM flyway_schema_history WHERE version = '2'`).length, 0)
  }
})

test('a script that changes client_encoding for itself alone changes nothing for the next one', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory } = writeScripts(t, {
    ...table,
    'V2__b.sql': `${hidden}INSERT INTO a VALUES ('é');`,
    'V3__c.sql': `INSERT INTO a VALUES ('ü');\n${rows}`,
  })
  await migrate({ url, locations: directory })
  assert.deepEqual(
    (await sql`SELECT letter FROM a`).map((row) => row['letter']),
    ['é', 'ü', 'é'],
  )
})
