import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { before, suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { readToken } from '../../lib/scripts/scan-token.js'
import { scanStatements } from '../../lib/scripts/scanner.js'
import { type Extent, judgesAsServer, loadOracle, type Oracle } from './oracle-statements.js'
import { oddScripts, oddTokens } from './sql-expressions.js'
import { scripts } from './sql-pieces.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
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
    const refused = files.filter((file) => oracle.statements(readSql(file)) === null)
    // Scenarios hold scripts that are meant to fail.
    assert.deepEqual(
      refused.filter((file) => !file.includes(join('test', 'flyway', 'scenarios'))),
      [],
    )
    t.diagnostic(`${files.length} files, ${countAgreed(files.filter((file) => !refused.includes(file)))} statements`)
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
    const expected = oracle.statements(text)
    assert.ok(expected !== null, `the grammar refuses ${file}`)
    assert.deepEqual(foundIn(text), expected, file)
    count += expected.length
  }
  return count
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
