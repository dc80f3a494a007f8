import fc from 'fast-check'

/** A statement as it was built: where it stands is known without scanning. */
export interface BuiltStatement {
  readonly start: number
  readonly end: number
  readonly semicolon: number | null
}

/** A script put together from known pieces. */
export interface BuiltScript {
  readonly text: string
  readonly statements: readonly BuiltStatement[]
}

/** What may stand between two tokens; never empty, and full of marks that must not count. */
const gaps = [
  ' ',
  '\n',
  '\r\n',
  '\r',
  '\t\f',
  '-- ;\'"$$ /* (\n',
  "--'\r",
  '/* ; \' " $$ ( -- */',
  '/* /* ; */ ) /**/ */',
  ' /***/ ',
] as const

/** Expressions that hold semicolons, quotes, parentheses and backslashes where they do not count. */
const expressions = [
  '1',
  '1.5e3',
  "'a;b'",
  "'it''s;'",
  "'ends in a backslash\\'",
  "'-- no comment /*'",
  "E'it\\'s;'",
  "e'\\\\'",
  "E'a'\n'\\';'",
  "E'a' -- '\r\n'\\';'",
  "U&'\\0061;'",
  "u&'d\\0061t\\+000061;'",
  "N'n;'",
  "B'01'",
  "x'1f'",
  '$$a;b$$',
  "$$it's$$",
  '$a$ $$;$$ $b$;$b$ $a$',
  '$é_1$;$é_1$',
  '$_$ ( $_$',
  '1 AS "a;b"',
  '1 AS "a""; --"',
  '1 AS U&"d;\\0061"',
  '1 AS a$b$c',
  '1 AS é$$é',
  '1 AS end',
  '1 AS "begin"',
  '(1)',
  "((';'))",
  'CASE WHEN true THEN 1 END',
  '(SELECT max(x) FROM (VALUES (1), (2)) AS v (x))',
  '1 - -1',
  '2 * /* c; */ 3',
  "'漢\u{1f680};'",
] as const

/** Other statements; each runs on an empty database, any number of times, inside and outside a transaction block. */
const others = [
  'VALUES (1), (2)',
  'DO $do$ BEGIN PERFORM 1; END; $do$',
  'CREATE TEMP TABLE IF NOT EXISTS piece (a int CHECK (a > 0), "b;c" text DEFAULT \';\')',
  'CREATE OR REPLACE FUNCTION pg_temp."begin"() RETURNS int LANGUAGE sql AS $$ SELECT 1; $$',
  'CREATE OR REPLACE FUNCTION pg_temp.begin() RETURNS int BEGIN ATOMIC SELECT 1; END',
  'CREATE OR REPLACE FUNCTION pg_temp.case_inside(a int) RETURNS text LANGUAGE sql\n' +
    "BEGIN ATOMIC\n  SELECT CASE WHEN a = 1 THEN 'one;' ELSE CASE a WHEN 2 THEN 'two' END END;\nEND",
  'CREATE OR REPLACE FUNCTION pg_temp.labels() RETURNS int begin -- ;\n atomic ; SELECT v.end FROM ' +
    '(SELECT 1 AS end) AS v; SELECT 2 end; SELECT (CASE WHEN true THEN 1 END); end',
  'CREATE OR REPLACE PROCEDURE pg_temp.atomic() BEGIN ATOMIC END',
  'SET LOCAL search_path = pg_catalog',
  "COMMENT ON SCHEMA public IS ';'",
] as const

const gap = fc.constantFrom(...gaps)
const optionalGap = fc.oneof(fc.constant(''), gap)

/** `SELECT a, b`, with gaps between the tokens. */
const select = fc
  .tuple(
    gap,
    fc.array(fc.tuple(fc.constantFrom(...expressions), optionalGap, optionalGap), { minLength: 1, maxLength: 4 }),
  )
  .map(([first, items]) => {
    const [head = '', ...tail] = items.map(([expression]) => expression)
    const rest = tail.map((expression, index) => {
      const [, before = '', after = ''] = items[index] ?? []
      return `${before},${after}${expression}`
    })
    return `SELECT${first}${head}${rest.join('')}`
  })

const statement = fc.oneof({ arbitrary: select, weight: 3 }, { arbitrary: fc.constantFrom(...others), weight: 1 })

/** Scripts of up to eight statements, with empty statements and comments between them, the last with or without `;`. */
export const scripts: fc.Arbitrary<BuiltScript> = fc
  .tuple(
    fc.array(fc.tuple(optionalGap, statement, optionalGap, fc.constantFrom(';', ';', ';;', '; ;\n')), { maxLength: 8 }),
    optionalGap,
    fc.boolean(),
  )
  .map(([parts, trailer, leaveOpen]) => {
    let text = ''
    const statements: BuiltStatement[] = []
    for (const [index, [before, body, after, terminator]] of parts.entries()) {
      text += before
      const start = text.length
      text += body
      const end = text.length
      const isOpen = leaveOpen && index === parts.length - 1
      text += after
      statements.push({ start, end, semicolon: isOpen ? null : text.length })
      if (!isOpen) text += terminator
    }
    return { text: text + trailer, statements }
  })
