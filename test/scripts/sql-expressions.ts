import fc from 'fast-check'

/** White space and comments, some of them where an operator would like to go on. */
const gap = fc.constantFrom(
  ...[' ', '\n', '\r', '\t\f\v', '\r\n\r\n', ' -- ;\'"$$ /* (\n', ' --\r', '/* ; \' $a$ /* " */ ( -- */'],
  ...['/**/', '/***/', '/*/**/*/', '/* /*/* ; */*/ \n*/', ' /*$$*/ ', '-- \\\n', "/*''*/"],
)
const anyGap = fc.oneof({ arbitrary: fc.constant(''), weight: 2 }, gap)

const names = [
  'a',
  'A1',
  'é',
  'naïve$é',
  '表',
  '\u{1f680}x',
  'a$b$c',
  '_$1',
  'atomic',
  '\u00a0',
  '\ufeff',
  'e',
  'u',
  'n',
]
const quotedNames = ['"a;b"', '"a"";--"', 'U&"d;\\0061"', 'u&"\\+01F680"', '"\'"', '"$$"', '"/*"', '"begin"', '"é;"']
const inside = fc
  .array(
    fc.constantFrom(
      ...[';', '"', '$$', '$a$', '--', '/*', '*/', '(', ')', '\n', '\r', 'é', '漢', '\u{1f680}', 'BEGIN ATOMIC'],
    ),
    { maxLength: 5 },
  )
  .map((marks) => marks.join(''))

const texts = fc.oneof(
  inside.map((text) => `'${text}\\'`),
  inside.map((text) => `'${text}''${text}'`),
  fc.tuple(inside, fc.constantFrom('E', 'e')).map(([text, mark]) => `${mark}'${text}\\'\\\\''\\n'`),
  inside.map((text) => `E'${text}\\\\' \n\r\t'${text}\\''`),
  inside.map((text) => `'${text}' \r '${text}'`),
  fc.tuple(inside, fc.constantFrom('U', 'u')).map(([text, mark]) => `${mark}&'${text}\\0061\\\\'`),
  inside.map((text) => `U&'${text}!0061' UESCAPE '!'`),
  fc.constantFrom("N'n;'", "n'n;'", "B'01'", "b'01'", "X'1F'", "x'1f'"),
  fc
    .tuple(inside, fc.constantFrom('b', 'é', '_', 'b1', 'BEGIN', '\u{1f680}'))
    .map(([text, tag]) => `$${tag}$${text}$ $${tag}x$ $1 $${tag}$`),
  inside.map((text) => `$$${text.replaceAll('$$', '$')}$a $$`),
)
const numbers = fc.constantFrom('1', '1.5e-3', '.5', '0x1F', '0b1', '0o7', '1_000', '$1', '$12')

const atoms = fc.oneof(
  { arbitrary: numbers, weight: 2 },
  { arbitrary: texts, weight: 4 },
  { arbitrary: fc.constantFrom(...names, ...quotedNames), weight: 3 },
)

/** Operators that hold, or end in, what could begin a comment. */
const operators = fc.constantFrom(
  ...['+', '-', '*', '/', '||', '->>', '<->', '@-@', '#>', '*<>', '@>', '!~~*', '|/', '~', '^@', '&&', '?|'],
)

/** Any expression of the grammar that the oracle takes, whatever it means. */
const { expression } = fc.letrec<{ expression: string }>((tie) => ({
  expression: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    { arbitrary: atoms, weight: 3 },
    fc
      .tuple(tie('expression'), anyGap, operators, anyGap, tie('expression'))
      .map(([left, before, operator, after, right]) => `${left} ${before}${operator}${after} ${right}`),
    fc.tuple(anyGap, tie('expression'), anyGap).map(([before, one, after]) => `(${before}${one}${after})`),
    fc.tuple(gap, tie('expression')).map(([space, one]) => `CASE${space}WHEN ${one}${space}THEN (${one}) ELSE 1 END`),
    fc.tuple(gap, tie('expression')).map(([space, one]) => `(SELECT${space}${one}${space} AS end)`),
    fc.tuple(fc.constantFrom(...names), tie('expression')).map(([name, one]) => `${name} (${one} )`),
  ),
}))

const select = fc.tuple(gap, expression, gap).map(([before, one, after]) => `SELECT${before}${one}${after}`)

/** Bodies of their own, which hold semicolons and END where none of them ends the statement. */
const routine = fc
  .tuple(
    fc.constantFrom(
      'CREATE FUNCTION',
      'create or replace function',
      'CREATE PROCEDURE',
      'CREATE/**/OR REPLACE PROCEDURE',
    ),
    fc.constantFrom(...names, '"begin"', 'begin', 'pg_temp.atomic'),
    fc.constantFrom('()', '(begin atomic)', '(a int DEFAULT (1), OUT "end;" text)'),
    fc.array(select, { maxLength: 3 }),
    fc.tuple(gap, gap),
  )
  .map(([create, name, parameters, bodies, [one, two]]) => {
    const body = bodies.map((text) => `${text} ;${one}`).join('')
    return `${create} ${name}${parameters} LANGUAGE sql${one}BEGIN${two}ATOMIC${one}${body} END`
  })

const others = fc.oneof(
  fc
    .tuple(expression, gap)
    .map(([one, space]) => `CREATE RULE r AS ON INSERT TO t DO${space}(SELECT ${one} ; SELECT 1;)`),
  expression.map((one) => `CREATE FUNCTION f() RETURNS int RETURN (${one} )`),
  expression.map((one) => `CREATE TABLE begin (atomic int DEFAULT (${one} ), "end" text)`),
  texts.filter((text) => text.startsWith("'") || /^\$[^1]/.test(text)).map((text) => `DO ${text}`),
  expression.map((one) => `PREPARE p AS SELECT ${one} , $1`),
  fc.constantFrom(
    'BEGIN',
    'END',
    'COMMIT AND CHAIN',
    'END TRANSACTION',
    'ROLLBACK TO a',
    'LISTEN "a;b"',
    'BEGIN ISOLATION LEVEL SERIALIZABLE',
  ),
)

/** Scripts that PostgreSQL's grammar takes, nearly all of them, and that would mislead a careless reader. */
export const oddScripts: fc.Arbitrary<string> = fc
  .array(
    fc.tuple(
      anyGap,
      fc.oneof({ arbitrary: select, weight: 4 }, { arbitrary: routine, weight: 2 }, { arbitrary: others, weight: 2 }),
      anyGap,
    ),
    { maxLength: 6 },
  )
  .map((statements) => statements.map((parts) => parts.join('')).join(';'))

/** Marks in any order: the lexer takes a good part of them, the grammar hardly any. */
export const oddTokens: fc.Arbitrary<string> = fc
  .array(
    fc.oneof(
      gap,
      numbers,
      texts,
      fc.constantFrom(...names, ...quotedNames),
      operators,
      fc.constantFrom(
        ...[';', '(', ')', '$', '\\', '.', ':', '/', '-', '*', 'E', 'U&', '[', '::', '=', '$1', '!', '{', '}'],
      ),
    ),
    { maxLength: 16 },
  )
  .map((pieces) => pieces.join(''))
