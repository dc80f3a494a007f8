// Alone in its process: it changes the time zone.
import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import type { TransactionSql } from 'postgres'
import { migrate } from '../../lib/index.js'
import { readDate } from '../../lib/programs/read-date.js'
import { testDatabase } from '../../lib/testing/index.js'
import { writeScripts } from '../support/write-scripts.js'
import { programOf } from './write-program.js'

const values = [
  "'0001-01-01 00:00:00'",
  "'0050-06-07 01:02:03.4'",
  "'0099-12-31 23:59:59.999'",
  "'1883-11-18 12:03:57'",
  "'2024-02-06 12:00:00'",
  "'2024-07-01 12:00:00'",
  "'12345-01-01 00:00:00'",
  "'290000-01-01 00:00:00'",
  "'0044-03-15 01:00:00 BC'",
  "'infinity'",
  "'-infinity'",
]

/** Reads every row of a table of all kinds of dates, and writes it back. */
const scriptsFor = (readable: readonly string[]) => ({
  'V1__a.sql': `
    CREATE TABLE a (id integer PRIMARY KEY, day date, local timestamp, moment timestamptz, moments timestamptz[], days date[]);
    INSERT INTO a SELECT number, value::date, value::timestamp, value::timestamptz, ARRAY[value::timestamptz, NULL], ARRAY[value::date]
      FROM unnest(ARRAY[${readable.join(', ')}]) WITH ORDINALITY AS v (value, number);
    CREATE TABLE before AS SELECT * FROM a;`,
  'V2__b.mjs': programOf(`
    for (const row of await sql\`SELECT * FROM a ORDER BY id\`) {
      if (row.local instanceof Date && Number.isNaN(row.local.getTime())) throw new Error('an invalid date')
      await sql\`UPDATE a SET day = NULL, local = NULL, moment = NULL, moments = NULL, days = NULL WHERE id = \${row.id}\`
      await sql\`UPDATE a SET day = \${row.day}, local = \${row.local}, moment = \${row.moment}, moments = \${row.moments},
        days = \${row.days} WHERE id = \${row.id}\`
    }`),
})

/** PostgreSQL before 18 writes LMT behind early moments in styles other than ISO, and cannot read it. */
async function whatTheServerReads(transaction: TransactionSql): Promise<readonly string[]> {
  const readable: string[] = []
  for (const value of values) {
    const reading = transaction.savepoint((sql) => sql.unsafe(`SELECT ${value}::timestamptz::text::timestamptz`))
    if (
      await reading.then(
        () => true,
        () => false,
      )
    )
      readable.push(value)
  }
  return readable
}

for (const dateStyle of ['ISO, MDY', 'SQL, DMY', 'German', 'Postgres, MDY']) {
  for (const zone of ['UTC', 'Europe/Berlin', 'America/New_York']) {
    test(`dates that are read and written back stay what they were (DateStyle ${dateStyle}, server and process in ${zone})`, async (t) => {
      const { url, sql } = await testDatabase(t)
      const name = new URL(url).pathname.slice(1)
      await sql.unsafe(`ALTER DATABASE ${name} SET datestyle = ${dateStyle}`)
      await sql.unsafe(`ALTER DATABASE ${name} SET timezone = '${zone}'`)
      const zoneBefore = process.env['TZ']
      process.env['TZ'] = zone
      t.after(() => {
        if (zoneBefore === undefined) delete process.env['TZ']
        else process.env['TZ'] = zoneBefore
      })
      const readable = await sql.begin(async (transaction) => {
        await transaction.unsafe(`SET LOCAL datestyle = ${dateStyle}; SET LOCAL timezone = '${zone}'`)
        return await whatTheServerReads(transaction)
      })
      assert.ok(readable.length > values.length / 2)
      const { directory } = writeScripts(t, scriptsFor(readable))
      await migrate({ url, locations: directory })
      const changed =
        await sql`SELECT id, a::text AS now, b::text AS before FROM a JOIN before AS b USING (id) WHERE a IS DISTINCT FROM b`
      assert.deepEqual([...changed], [])
      assert.equal((await sql`SELECT FROM a`).length, readable.length)
    })
  }
}

test('a date of the server is the same moment as a Date, whatever its offset', () => {
  assert.deepEqual(readDate('2024-05-06 07:08:09.123456+05:30'), new Date('2024-05-06T01:38:09.123Z'))
  assert.deepEqual(readDate('1850-01-01 00:00:00+00:53:28'), new Date('1849-12-31T23:06:32Z'))
  assert.deepEqual(readDate('2024-05-06 07:08:09-03'), new Date('2024-05-06T10:08:09Z'))
  assert.deepEqual(readDate('2024-05-06'), new Date('2024-05-06T00:00:00Z'))
  for (const text of ['infinity', '02/06/2024', '06.02.2024', 'Tue Feb 06 12:00:00 2024', '294000-01-01']) {
    assert.equal(readDate(text), text)
  }
})

test('any moment that the server writes is read as it is', async (t) => {
  const { sql } = await testDatabase(t)
  const moments = fc.date({
    min: new Date('-004712-01-02T00:00:00Z'),
    max: new Date('+275760-01-01T00:00:00Z'),
    noInvalidDate: true,
  })
  const some = fc.sample(moments, 300).map((date) => date.getTime())
  const rows = await sql`
    SELECT milliseconds, ((timestamp 'epoch' + (milliseconds / 86400000) * interval '1 day'
      + (milliseconds % 86400000) * interval '1 millisecond') AT TIME ZONE 'UTC')::text AS text
    FROM unnest(${some}::bigint[]) AS milliseconds`
  for (const { milliseconds, text } of rows) assert.equal(Number(readDate(text)), Number(milliseconds), text)
})
