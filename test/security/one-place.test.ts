import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { fileURLToPath } from 'node:url'

const library = fileURLToPath(new URL('../../lib', import.meta.url))

/** What only one file may do, since all others would have to do it as well as that one. */
const quoting: Record<string, RegExp> = {
  'an identifier is quoted': /replaceAll\(\s*(?:'"'|"\\""|`"`),/,
  'a literal is quoted': /replaceAll\(\s*(?:"'"|'\\''|`'`),/,
  'a dollar quote is opened': /\bDO \$|AS \$\w*\$/,
}

/** The test server stands for itself, and writes a configuration file, which is no SQL. */
const others = ['testing/create-database.ts', 'testing/server-settings.ts']

test('names, texts and DO blocks are quoted in one file only', () => {
  const files = readdirSync(library, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'))
  assert.ok(files.length > 200)
  for (const [what, pattern] of Object.entries(quoting)) {
    const found = files.filter((name) => pattern.test(readFileSync(join(library, name), 'utf8')))
    assert.deepEqual(
      found.filter((name) => !others.includes(name)),
      ['history/quote-sql.ts'],
      what,
    )
  }
})
