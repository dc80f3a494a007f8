import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import {
  doWithOwnNames,
  quoteDoBlock,
  quoteIdentifier,
  quoteLiteral,
  quoteTextArray,
} from '../../lib/history/quote-sql.js'
import { testDatabase } from '../../lib/testing/index.js'

/** Any text that PostgreSQL can hold, with what usually breaks quoting more often than chance would have it. */
const storable = fc.oneof(
  fc.string({ unit: 'binary' }).map((text) => text.replaceAll('\0', '')),
  fc.string({ unit: fc.constantFrom("'", '"', '\\', 'E', 'n', 'u', '$', ';', '--', '\n', '\r', 'é', '🚀', '{', ',') }),
)

test('null is NULL, and a text with a backslash is an escape string that cannot join a word before it', () => {
  assert.equal(quoteLiteral(null), 'NULL')
  assert.equal(quoteLiteral("it's"), "'it''s'")
  assert.equal(quoteLiteral("\\'"), " E'\\\\'''")
  assert.equal(quoteTextArray([]), "'{}'")
})

for (const setting of ['on', 'off']) {
  test(`property: with standard_conforming_strings ${setting} a literal gives back its text`, async (t) => {
    const { sql } = await testDatabase(t)
    const connection = await sql.reserve()
    await connection.unsafe(
      `SET standard_conforming_strings = ${setting}; SET backslash_quote = off; SET escape_string_warning = off`,
    )
    await fc.assert(
      fc.asyncProperty(fc.array(storable, { minLength: 1, maxLength: 30 }), async (texts) => {
        const statement = `SELECT ${texts.map((text, index) => `${quoteLiteral(text)} AS t${index}`).join(', ')}`
        const [row] = await connection.unsafe(statement)
        assert.deepEqual(Object.values(row ?? {}), texts)
        const [list] = await connection.unsafe(`SELECT ${quoteTextArray(texts)} AS texts`)
        assert.deepEqual(list?.['texts'], texts)
        // Directly behind a word, as a careless template would put it.
        const [joined] = await connection.unsafe(`SELECT CASE WHEN true THEN${quoteLiteral(texts[0] ?? '')}END AS text`)
        assert.equal(joined?.['text'], texts[0])
      }),
      { numRuns: 150 },
    )
    connection.release()
  })

  test(`property: with standard_conforming_strings ${setting} an identifier names what it says`, async (t) => {
    const { sql } = await testDatabase(t)
    const connection = await sql.reserve()
    await connection.unsafe(`SET standard_conforming_strings = ${setting}`)
    const name = storable.filter((text) => text !== '' && Buffer.byteLength(text) <= 63)
    await fc.assert(
      fc.asyncProperty(name, async (text) => {
        const { columns } = await connection.unsafe(`SELECT 1 AS ${quoteIdentifier(text)}`)
        assert.deepEqual(
          columns.map((column) => column.name),
          [text],
        )
      }),
      { numRuns: 150 },
    )
    connection.release()
  })
}

test('property: whatever is in a DO block, it ends where it should, and the search path is the same behind it', async (t) => {
  const { sql } = await testDatabase(t)
  const connection = await sql.reserve()
  await connection.unsafe(`SET search_path = 'a b', public; CREATE TABLE public.pg_class ()`)
  const tags = fc.array(fc.constantFrom('$schemaway$', '$schemaway_1$', '$schemaway_2$', '$', 'schemaway', '_', "'"))
  const text = fc.oneof(
    storable,
    tags.map((parts) => parts.join('')),
  )
  await fc.assert(
    fc.asyncProperty(text, async (given) => {
      const set = `  PERFORM pg_catalog.set_config('x.y', ${quoteLiteral(given)}, false);`
      for (const block of [
        quoteDoBlock(`BEGIN\n${set}\nEND`),
        doWithOwnNames(`${set}\n  IF NOT EXISTS (SELECT FROM pg_class) THEN RAISE 'another pg_class'; END IF;`),
        doWithOwnNames(`  v_text := ${quoteLiteral(given)};\n${set}`, ['v_text pg_catalog.text']),
      ]) {
        await connection.unsafe(`SET x.y = ''; ${block}; SELECT 1`)
        const [row] = await connection.unsafe(
          `SELECT current_setting('x.y') AS text, current_setting('search_path') AS path`,
        )
        assert.deepEqual({ ...row }, { text: given, path: '"a b", public' })
      }
    }),
    { numRuns: 100, examples: [['$schemaway$'], ['$schemaway$ $schemaway_1$ $schemaway_2$'], ['$schemaway']] },
  )
  connection.release()
})
