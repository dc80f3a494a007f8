import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { before, suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { readToken } from '../../lib/scripts/scan-token.js'
import { scanStatements } from '../../lib/scripts/scanner.js'
import { type Extent, judgesAsServer, loadOracle, type Oracle } from './oracle-statements.js'
import { oddScripts, oddTokens } from './sql-expressions.js'
import { scripts } from './sql-pieces.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
/** Files of scenarios that are no SQL as they lie there: other marks of placeholders, other encodings, a mark inside. */
const meantToFail: readonly string[] = [
  'line-breaks-do-not-count/two/V1__a.sql',
  'placeholder-marks/sql/V1__a.sql',
  'placeholder-marks-equal/sql/V1__a.sql',
  'placeholder-over-lines/sql/V1__a.sql',
  'placeholder-separator-and-marks/sql/V1__a.sql',
  'placeholder-separator-conf/sql/V1__a.sql',
  'utf-16-half-a-character/sql/V1__a.sql',
  'utf-16-lone-surrogate/sql/V1__a.sql',
  'utf-16be/sql/R__r.sql',
  'utf-16be/sql/V1__a.sql',
  'utf-16be/sql/V2__b.sql',
  'utf-16le/sql/R__r.sql',
  'utf-16le/sql/V1__a.sql',
  'utf-16le/sql/V2__b.sql',
]
const delimiters = new Set([';', '(', ')'])

let oracle: Oracle
before(async () => {
  oracle = await loadOracle()
})

function foundIn(text: string): readonly Extent[] {
  const { statements, problem } = scanStatements(text)
  assert.equal(problem, null)
  return statements.map(({ start, end }) => ({ start, end }))
}

/** Comments, and what ends or nests statements: whoever finds these finds the statements. */
function landmarksOf(text: string, tokens: readonly Extent[]): readonly string[] {
  return tokens.flatMap(({ start, end }) => {
    const token = text.slice(start, end)
    const isComment = token.startsWith('--') || token.startsWith('/*')
    return isComment || delimiters.has(token) ? [`${start}-${end} ${token}`] : []
  })
}

function tokensOf(text: string): readonly Extent[] {
  const tokens: Extent[] = []
  for (let token = readToken(text, 0); token !== null; token = readToken(text, token.end)) tokens.push(token)
  return tokens
}

suite("the scanner and PostgreSQL's own grammar find the same statements", () => {
  test('in scripts built from pieces that run', () => {
    fc.assert(
      fc.property(scripts, ({ text }) => {
        fc.pre(judgesAsServer(text))
        assert.deepEqual(foundIn(text), oracle.statements(text))
      }),
      { numRuns: 1500 },
    )
  })

  test('in odd scripts that the grammar takes', () => {
    let taken = 0
    let runs = 0
    fc.assert(
      fc.property(oddScripts, (text) => {
        runs += 1
        const expected = judgesAsServer(text) ? oracle.statements(text) : null
        if (expected === null) return
        taken += 1
        assert.deepEqual(foundIn(text), expected)
      }),
      { numRuns: 3000 },
    )
    assert.ok(taken > runs * 0.8, `the grammar took only ${taken} of ${runs}`)
  })

  test('in every SQL file that the installed packages and PostgreSQL itself bring', (t) => {
    const files = sqlFilesBelow(join(root, 'node_modules'))
    assert.ok(files.length > 150, `only ${files.length} files`)
    t.diagnostic(`${files.length} files, ${countAgreed(files)} statements`)
  })

  test('in every SQL file of the bundled model, of the examples and of the tests', (t) => {
    const files = ['sql', 'examples', 'test'].flatMap((name) => sqlFilesBelow(join(root, name)))
    const refused = files.filter((file) => oracle.statements(withoutRows(readSql(file))) === null)
    assert.deepEqual(
      refused.map((file) => relative(join(root, 'test/flyway/scenarios'), file)).toSorted(),
      meantToFail.toSorted(),
    )
    const statements = countAgreed(files.filter((file) => !refused.includes(file)))
    assert.ok(statements > 1500, `only ${statements} statements`)
    t.diagnostic(`${files.length} files, ${statements} statements`)
  })
})

test("comments, semicolons and parentheses stand where PostgreSQL's lexer finds them, in any nonsense that it takes", () => {
  let taken = 0
  let runs = 0
  fc.assert(
    fc.property(oddTokens, (text) => {
      runs += 1
      const expected = judgesAsServer(text) ? oracle.tokens(text) : null
      if (expected === null) return
      taken += 1
      assert.deepEqual(landmarksOf(text, tokensOf(text)), landmarksOf(text, expected))
    }),
    { numRuns: 5000 },
  )
  assert.ok(taken > runs * 0.3, `the lexer took only ${taken} of ${runs}`)
})

test('the oracle counts as we do: UTF-16 units, without the white space and comments around a statement', () => {
  const text = "/* \u{1f680} */ SELECT 'é' -- é\n ; /* 漢 */ ; SELECT 2 -- end"
  const found = oracle.statements(text)?.map(({ start, end }) => text.slice(start, end))
  assert.deepEqual(found, ["SELECT 'é'", 'SELECT 2'])
  assert.equal(oracle.statements('SELECT ('), null)
})

function sqlFilesBelow(directory: string): readonly string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.sql'))
    .map((name) => join(directory, name))
}

/** @returns how many statements both find */
function countAgreed(files: readonly string[]): number {
  let count = 0
  for (const file of files) {
    const text = readSql(file)
    const expected = oracle.statements(withoutRows(text))
    assert.ok(expected !== null, `the grammar refuses ${file}`)
    // Commands of psql are statements to the scanner, which leaves it to others to skip or refuse them.
    const found = foundIn(text).filter(({ start }) => text[start] !== '\\')
    assert.deepEqual(found, expected, file)
    count += expected.length
  }
  return count
}

/** As the grammar gets it: rows of COPY and the two commands of pg_dump are blanks, so that every offset stays. */
function withoutRows(text: string): string {
  const blanks = (part: string): string => part.replace(/[^\n]/g, ' ')
  return text
    .replace(/^(COPY [^;]* FROM stdin;\n)([\s\S]*?^\\\.$)/gim, (_, copy: string, rows: string) => copy + blanks(rows))
    .replace(/^\\(?:un)?restrict .*$/gm, blanks)
}

/**
 * As the server gets it. CREATE EXTENSION leaves out lines that begin with `\echo` and fills in its `@...@`; a migration
 * fills in its placeholders.
 */
function readSql(file: string): string {
  return readFileSync(file, 'utf8')
    .replace(/^\\echo.*$/gm, '')
    .replaceAll(/@\w+(?::\w+)?@/g, 'filled_in')
    .replaceAll(/\$\{[\w:]+\}/g, 'filled_in')
}
