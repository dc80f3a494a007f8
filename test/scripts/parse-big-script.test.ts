import assert from 'node:assert/strict'
import { constants } from 'node:buffer'
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { SchemawayError } from '../../lib/errors/schemaway-error.js'
import { BigFile } from '../../lib/scripts/big-file.js'
import { excerptAt } from '../../lib/scripts/excerpt.js'
import { type BigScript, parseBigScript, type ReadWhole } from '../../lib/scripts/parse-big-script.js'
import { type ParsedScript, parseScript } from '../../lib/scripts/parse-script.js'
import { excerptOfFile, positionInFile } from '../../lib/scripts/position-in-file.js'
import type { ScriptFile } from '../../lib/scripts/script-file.js'
import { errorOf, scriptFileOf } from './script-file-of.js'

const folder = mkdtempSync(join(tmpdir(), 'schemaway-big-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const values = new Map([
  ['name', 'a_name'],
  ['stdin', 'stdin;'],
  ['semicolon', "1; SELECT '\n'"],
])

function bigFileOf(content: string | Buffer): { file: ScriptFile; big: BigFile } {
  const path = join(folder, 'V1__example.sql')
  writeFileSync(path, content)
  const file = { ...scriptFileOf(content), file: path }
  return { file, big: new BigFile(file) }
}

/** What is sent, and where in the file it stands, however the script was read. */
interface Sent {
  readonly text: string
  readonly rows: string | null
  readonly line: number
  readonly column: number
  readonly excerpt: string
}

function sentWhole({ source, text, statements }: ParsedScript): readonly Sent[] {
  return statements.map(({ start, end, line, column, dataStart, dataEnd }) => ({
    text: text.slice(start, end),
    rows: dataStart === undefined ? null : text.slice(dataStart, dataEnd),
    line,
    column,
    excerpt: excerptAt(source, line, column),
  }))
}

function sentInPieces({ pieces }: BigScript): readonly Sent[] {
  const sent: Sent[] = []
  for (const piece of pieces) {
    const text = piece.text()
    const statements = piece.scan()
    assert.equal(piece.firstStatement, sent.length)
    assert.equal(piece.statements, statements.length)
    assert.equal(text.length, piece.length)
    for (const [index, { kind, start, end }] of statements.entries()) {
      const isLast = index === statements.length - 1
      assert.equal(kind === 'copy-from-stdin', isLast && piece.rows !== null)
      const byte = piece.byteOf(start)
      const position = positionInFile(piece.file, byte)
      sent.push({
        text: text.slice(start, end),
        rows: isLast && piece.rows !== null ? piece.file.read(piece.rows.from, piece.rows.to).toString('utf8') : null,
        ...position,
        excerpt: excerptOfFile(piece.file, byte, position),
      })
    }
  }
  return sent
}

const length = fc.integer({ min: 1, max: 120 })
const lineEnd = fc.constantFrom('\n', '\r\n')
const row = fc.oneof(
  fc.constantFrom(
    '1\tone',
    '\\N\t\\N',
    '\\\\.',
    ' \\\\.',
    '\\.x',
    'x\\.',
    '\\. x',
    "a;b'c$$d",
    '',
    '🚀ä\\',
    '-- no',
    '$',
    '{',
  ),
  fc.string({ unit: 'grapheme', maxLength: 30 }).map((text) => text.replaceAll(/[\\\n\r]|\$\{/g, '_')),
)
const copy = fc
  .tuple(
    fc.constantFrom('COPY a FROM stdin', 'copy "a" (b,\n c) from STDIN with (format csv)', 'COPY a FROM\n-- x\nSTDIN'),
    fc.constantFrom('', ' ', ' -- rows follow', '\t--'),
    fc.array(row, { maxLength: 6 }),
    lineEnd,
    fc.constantFrom('\\.', ' \\.\t', '\\. '),
  )
  .map(([head, rest, rows, eol, end]) => `${head};${rest}${eol}${rows.map((one) => one + eol).join('')}${end}`)
const statement = fc.constantFrom(
  'SELECT 1',
  "SELECT 'COPY a FROM stdin;\nx\n\\.\n'",
  'CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN\nCOPY a FROM stdin;\n\\.\nEND $$',
  'DO $x$ COPY a FROM stdin; $x$',
  "SELECT E'a\\';' '\nb;'",
  '/* COPY a FROM stdin;\n\\.\n */ INSERT INTO "t;" VALUES (\'ä🚀\', (1))',
  'SELECT ${name}, 2',
  "SELECT '$${name}'",
  'SELECT ${semicolon}',
  'CREATE FUNCTION g() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END',
  'COPY a TO STDIN_table',
)
const piece = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.tuple(statement, fc.constantFrom(';', ';\n', ' ;\n\n', ';\r\n')).map((all) => all.join('')),
  },
  { weight: 2, arbitrary: fc.tuple(copy, fc.constantFrom('\n', '\n\n')).map((all) => all.join('')) },
  { weight: 1, arbitrary: fc.constantFrom('-- COPY a FROM stdin;\n', '\n', '\\restrict x\n', '/* ; */\n', '\r\n') },
)
const script = fc
  .tuple(fc.array(piece, { maxLength: 8 }), fc.boolean(), fc.boolean(), fc.constantFrom('', '\ufeff'), fc.boolean())
  .map(([pieces, isWrapped, endsEarly, mark, isFaulty]) => {
    const text = pieces.join(isFaulty ? 'COMMIT;\n' : '')
    const wrapped = isWrapped ? `BEGIN;\n${text}\nCOMMIT;\n\\unrestrict x\n` : text
    return mark + (endsEarly ? wrapped.trimEnd() : wrapped)
  })

test('a script read in pieces holds the same statements, rows, lines and excerpts as one read whole', () => {
  let inPieces = 0
  fc.assert(
    fc.property(script, length, fc.nat(300), (content, window, message) => {
      const { file, big } = bigFileOf(content)
      const read = attempt(() => parseBigScript(file, big, values, { window, message }))
      const whole = attempt(() => parseScript(file, values))
      if (isReadWhole(read)) return
      if (read instanceof SchemawayError || whole instanceof SchemawayError || whole === null) {
        assert.ok(read instanceof SchemawayError && whole instanceof SchemawayError, `${String(read)} ${String(whole)}`)
        assert.deepEqual([read.code, read.message, read.details], [whole.code, whole.message, whole.details])
        return
      }
      inPieces++
      assert.deepEqual(sentInPieces(read), sentWhole(whole))
      assert.deepEqual(new Set(read.placeholders), new Set(whole.placeholders))
      assert.deepEqual(read.directives, whole.directives)
    }),
    { numRuns: 1_500 },
  )
  assert.ok(inPieces > 500, `${inPieces} scripts were read in pieces`)
})

function cutIntoPieces(read: BigScript | ReadWhole): BigScript {
  assert.ok(!isReadWhole(read))
  return read
}

function isReadWhole<T extends object>(read: T | ReadWhole): read is ReadWhole {
  return 'reason' in read
}

function attempt<T>(work: () => T): T | SchemawayError {
  try {
    return work()
  } catch (error) {
    if (error instanceof SchemawayError) return error
    throw error
  }
}

const copyBlock = 'COPY a FROM stdin;\n1\tone\n\\.\n'
const readWhole: readonly (readonly [why: string, content: string, reason: RegExp])[] = [
  ['a statement cannot run inside a transaction', `${copyBlock}VACUUM;\n`, /outside a transaction/],
  ['it asks to run outside a transaction', `-- schemaway: transaction=none\n${copyBlock}`, /outside a transaction/],
  ['rows hold a placeholder', `${copyBlock}COPY a FROM stdin;\n1\t\${name}\n\\.\n`, /among the rows of a COPY/],
  ['a directive stands late', `${copyBlock}-- schemaway: transaction=none\n`, /a directive stands behind/],
  ['a value ends a COPY', 'COPY a FROM ${stdin}\n1\tone\n\\.\n', /inside a placeholder's value/],
]
for (const [why, content, reason] of readWhole) {
  test(`a big script is read whole when ${why}`, () => {
    const { file, big } = bigFileOf(content)
    const read = parseBigScript(file, big, values, { window: 16 })
    assert.ok(isReadWhole(read))
    assert.match(read.reason, reason)
  })
}

test('marks of placeholders in rows are no reason to read a script whole when nothing is replaced', () => {
  const { file, big } = bigFileOf(`${copyBlock}COPY a FROM stdin;\n1\t\${name}\n\\.\n`)
  assert.equal(
    cutIntoPieces(parseBigScript({ ...file, placeholderMarks: null }, big, values, { window: 16 })).pieces.length,
    2,
  )
})

const faults: readonly (readonly [fault: string, content: string, code: string, line: number])[] = [
  ['rows without an end', 'SELECT 1;\nCOPY a FROM stdin;\n1\tone\n', 'INVALID_SCRIPT', 2],
  ['SQL on the line of a COPY', 'SELECT 1;\nCOPY a FROM stdin; SELECT 2;\n1\n\\.\n', 'INVALID_SCRIPT', 2],
  ['a string without an end', `${copyBlock}\nSELECT 'x;\n`, 'INVALID_SCRIPT', 5],
  ['a psql command', `${copyBlock}\\i other.sql\nSELECT 1;\n`, 'INVALID_SCRIPT', 4],
  ['a COPY to nobody', `${copyBlock}COPY a TO stdout;\nSELECT 1;\n`, 'INVALID_SCRIPT', 4],
  ['a NUL in rows', 'SELECT 1;\nCOPY a FROM stdin;\n1\to\0ne\n\\.\n', 'INVALID_SCRIPT', 3],
  ['a NUL between rows', `${copyBlock}SELECT 1;\n\0`, 'INVALID_SCRIPT', 5],
  ['an unknown placeholder', `${copyBlock}SELECT 1;\n SELECT \${nome};\n`, 'UNKNOWN_PLACEHOLDER', 5],
  ['an unknown placeholder in rows', `COPY a FROM stdin;\n1\tone\n2\t\${nome}\n\\.\n`, 'UNKNOWN_PLACEHOLDER', 3],
  ['a stray placeholder', `${copyBlock}SELECT $\${;\n`, 'INVALID_SCRIPT', 4],
  ['a COMMIT in the middle', `BEGIN;\n${copyBlock}COMMIT;\nSELECT 1;\nCOMMIT;\n`, 'TRANSACTION_CONTROL', 5],
  ['a BEGIN alone', `BEGIN;\n${copyBlock}`, 'TRANSACTION_CONTROL', 1],
  ['a wrong directive', `-- schemaway: nothing=1\n${copyBlock}`, 'INVALID_DIRECTIVE', 1],
]
for (const [fault, content, code, line] of faults) {
  test(`${fault} is refused with its line in the file, as in a script that is read whole`, () => {
    const { file, big } = bigFileOf(content)
    const whole = errorOf(() => parseScript(file, values))
    assert.deepEqual([whole.code, whole.details.line], [code, line])
    let refused = 0
    for (const length of [1, 9, 64, 4096]) {
      const read = attempt(() => parseBigScript(file, big, values, { window: length }))
      // It is read whole for another reason, and refused then.
      if (isReadWhole(read)) continue
      refused++
      assert.ok(read instanceof SchemawayError, `with windows of ${length} bytes it was read`)
      assert.deepEqual([read.message, read.details], [whole.message, whole.details])
    }
    assert.ok(refused > 0)
  })
}

test('a part of a big script that undoes the rest of it is refused where its naming has files for that', () => {
  const { file, big } = bigFileOf(`${copyBlock}-- Down Migration\nDROP TABLE a;\n`)
  const named = { ...file, script: '001_a.up.sql' }
  const whole = errorOf(() => parseScript(named, values))
  const read = errorOf(() => parseScript({ ...named, big }, values))
  assert.deepEqual([read.message, read.details], [whole.message, whole.details])
})

test('a statement that is longer than the first look at it is sent as it is', () => {
  const { file, big } = bigFileOf(`SELECT 1;\nSELECT '${'x'.repeat(1_000)}';\nSELECT 2;\n`)
  const { pieces } = cutIntoPieces(parseBigScript(file, big, values, { window: 16, message: 16, longest: 2_000 }))
  assert.deepEqual(
    pieces.map((piece) => piece.text().trim().length),
    [9, 1_020],
  )
})

test('a statement that is too long to be sent is refused where it begins, and not for a string that is closed later', () => {
  const content = `SELECT 1;\n\n  SELECT '${'x;\n'.repeat(1_000)}';\nSELECT 2;\n`
  const { file, big } = bigFileOf(content)
  const error = errorOf(() => parseBigScript(file, big, values, { window: 16, longest: 1_000 }))
  assert.equal(error.code, 'INVALID_SCRIPT')
  assert.deepEqual([error.details.line, error.details.column], [3, 3])
  assert.match(error.message, /the statement that begins here does not end within/)
  assert.doesNotMatch(error.message, /never closed/)
})

test('a script that has to be read whole, but is longer than a text can be, is refused with the reason', () => {
  const { file } = bigFileOf('')
  truncateSync(file.file, constants.MAX_STRING_LENGTH + 1)
  const error = errorOf(() => parseScript({ ...file, kind: 'undo', big: new BigFile(file) }, values))
  assert.equal(error.code, 'INVALID_SCRIPT')
  assert.match(error.message, /the file has 537 MB, which is .* because it undoes what others made\. Divide it\.$/)
})

test('a file that was changed after it was read is refused when it is read again', () => {
  const { file, big } = bigFileOf(copyBlock)
  const { pieces } = cutIntoPieces(parseBigScript(file, big, values))
  writeFileSync(file.file, copyBlock.replace('one', 'two '))
  const error = errorOf(() => pieces[0]?.text())
  assert.equal(error.code, 'INVALID_SCRIPT')
  assert.match(error.message, /V1__example\.sql was changed, replaced or removed while it was being used/)
  assert.equal(error.details.file, file.file)
  rmSync(file.file)
  assert.equal(errorOf(() => big.sha256()).code, 'INVALID_SCRIPT')
})
