import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { ScanProblemKind } from '../../lib/scripts/scan-problem.js'
import { scanStatements } from '../../lib/scripts/scanner.js'

/** The statements as text. */
function split(text: string): readonly string[] {
  const { statements, problem } = scanStatements(text)
  assert.equal(problem, null)
  return statements.map(({ start, end }) => text.slice(start, end))
}

function only(text: string) {
  const [statement, ...rest] = scanStatements(text).statements
  assert.equal(rest.length, 0)
  return statement ?? assert.fail('no statement')
}

suite('where statements end', () => {
  const cases: readonly [what: string, text: string, statements: readonly string[]][] = [
    ['an empty text', '', []],
    ['only comments', '-- a;\n/* b; */', []],
    ['only semicolons', ';;\n; ; -- ;\n', []],
    ['two statements and a last one without semicolon', 'a; b;\nc', ['a', 'b', 'c']],
    ['a comment that ends the text', 'a -- b;', ['a']],
    ['comments around and inside', '/* x */ a /* ; */ b -- ;\n; -- c', ['a /* ; */ b']],
    ['a comment that a lone CR ends', 'a -- ;\rb; c', ['a -- ;\rb', 'c']],
    ['nested comments', '/* /* ; */ ; */ a; b', ['a', 'b']],
    ['a comment that begins inside an operator', "a +/* ' ; */ b; c *-- '\n d", ["a +/* ' ; */ b", "c *-- '\n d"]],
    ['a comment opened by slash star slash', "/*/ ; ' */ a; b", ['a', 'b']],
    ['a doubled quote', "a 'x'';'; b", ["a 'x'';'", 'b']],
    ['a backslash in a plain string', "a '\\'; b", ["a '\\'", 'b']],
    ['a backslash in an escape string', "a E'\\';'; b e'\\\\'; c", ["a E'\\';'", "b e'\\\\'", 'c']],
    ['a lower-case escape string', "a e'\\';'; b", ["a e'\\';'", 'b']],
    ['an escape string that goes on in the next line', "E'a'\n'\\';'; b", ["E'a'\n'\\';'", 'b']],
    ['an escape string that goes on behind a comment', "E'a' -- ;\n '\\';'; b", ["E'a' -- ;\n '\\';'", 'b']],
    ['an escape string that ends at the line', "E'a' '\\'; b", ["E'a' '\\'", 'b']],
    ['an escape string that a block comment ends', "E'a' /* \n */ '\\'; b", ["E'a' /* \n */ '\\'", 'b']],
    ['a name that ends in e before a string', "ee'\\'; b", ["ee'\\'", 'b']],
    ['a name beyond ASCII that ends in e before a string', "ée'\\'; b", ["ée'\\'", 'b']],
    ['strings with other prefixes', "U&'\\'; B'\\'; X'\\'; N'\\'", ["U&'\\'", "B'\\'", "X'\\'", "N'\\'"]],
    ['quoted names', '"a;""b"; U&"\\";c', ['"a;""b"', 'U&"\\"', 'c']],
    ['dollar quotes', "$$;'$$; $a$;$$;$A$;$a$", ["$$;'$$", '$a$;$$;$A$;$a$']],
    ['a dollar quote whose end is preceded by half of it', '$ab$ $a$ab$; b', ['$ab$ $a$ab$', 'b']],
    ['a dollar tag beyond ASCII', '$é$;$é$; b', ['$é$;$é$', 'b']],
    ['dollars inside names', 'a$b$c; d$$; e', ['a$b$c', 'd$$', 'e']],
    ['parameters', 'a $1;b $2$a$;$a$; c', ['a $1', 'b $2$a$;$a$', 'c']],
    ['a dollar tag that begins with a digit, which is none', 'a $1a$; b $1a$', ['a $1a$', 'b $1a$']],
    ['parentheses', 'a (b; (c); d); e', ['a (b; (c); d)', 'e']],
    ['a closing parenthesis too many', 'a); b', ['a)', 'b']],
    ['a no-break space, which is a letter', "a \u00a0e'\\'; b", ["a \u00a0e'\\'", 'b']],
    ['a vertical tab, which is a space since PostgreSQL 16', 'a\v; b', ['a', 'b']],
  ]
  for (const [what, text, statements] of cases) test(what, () => assert.deepEqual(split(text), statements))
})

suite('where the bodies of SQL functions end', () => {
  const cases: readonly [what: string, body: string][] = [
    ['one statement', 'CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; END'],
    ['no statement', 'CREATE PROCEDURE f() BEGIN ATOMIC END'],
    ['only empty statements', 'CREATE PROCEDURE f() BEGIN ATOMIC ; ; END'],
    ['lower case and comments', 'create or replace function f() returns int begin /* ; */ atomic select 1; -- ;\nend'],
    ['CASE ... END', 'CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN a THEN 1 END; SELECT 2; END'],
    [
      'nested CASE',
      'CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE 1 WHEN 1 THEN CASE 2 WHEN 2 THEN 3 END END; END',
    ],
    ['CASE in parentheses', 'CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT (CASE WHEN a THEN 1 END); END'],
    [
      'columns named end and case',
      'CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT t.end, t.case, 1 AS end, 2 end FROM t; END',
    ],
    ['a routine named begin', 'CREATE FUNCTION begin() RETURNS int BEGIN ATOMIC SELECT 1; END'],
    ['a routine named atomic', 'CREATE FUNCTION atomic() RETURNS int BEGIN ATOMIC SELECT 1; END'],
    ['a type named begin', 'CREATE FUNCTION f() RETURNS begin BEGIN ATOMIC SELECT 1; END'],
  ]
  for (const [what, body] of cases) test(what, () => assert.deepEqual(split(`${body}; SELECT 2`), [body, 'SELECT 2']))

  test('a function named begin without such a body ends at its semicolon', () => {
    const text = 'CREATE FUNCTION begin() RETURNS int LANGUAGE sql AS $$ SELECT 1; $$; SELECT 2; END'
    assert.equal(split(text).length, 3)
  })

  test('a parameter named begin of a type named atomic opens nothing', () => {
    assert.equal(split("CREATE FUNCTION f(begin atomic) RETURNS int LANGUAGE sql AS 'SELECT 1'; SELECT 2").length, 2)
  })

  test('BEGIN ATOMIC outside CREATE FUNCTION and PROCEDURE opens nothing', () => {
    assert.equal(split('CREATE TABLE begin atomic; SELECT 2').length, 2)
    assert.equal(split('CREATE OR FUNCTION x begin atomic; SELECT 2').length, 2)
  })

  test('the actions of a rule stay together', () => {
    const rule = 'CREATE RULE r AS ON INSERT TO t DO ALSO (INSERT INTO u VALUES (1); DELETE FROM v;)'
    assert.deepEqual(split(`${rule}; SELECT 2`), [rule, 'SELECT 2'])
  })
})

suite('what is known of a statement', () => {
  test('line and column of its first token, in code points', () => {
    const { statements } = scanStatements("-- x\r\n\n  SELECT '\u{1f680}\n'; \u{1f680}; b")
    assert.deepEqual(
      statements.map(({ line, column }) => [line, column]),
      [
        [3, 3],
        [4, 4],
        [4, 7],
      ],
    )
  })

  test('its first ten bare words outside parentheses, upper-case', () => {
    const { keywords } = only('create Table if NOT exists a.b (c int) partition by range d_e f g h i j k')
    assert.deepEqual(keywords, ['CREATE', 'TABLE', 'IF', 'NOT', 'EXISTS', 'PARTITION', 'BY', 'RANGE', 'D_E', 'F'])
  })

  test('no quoted, dotted, prefixed, digit-bearing or foreign names among its keywords', () => {
    const { keywords } = only('ALTER TABLE "TO" . x OWNER a . b TO t1 RENAME é U&"d" N\'s\' E\'s\' a$b END')
    assert.deepEqual(keywords, ['ALTER', 'TABLE', 'OWNER', 'TO', 'RENAME', 'END'])
  })

  test('no names that only become keywords when letters beyond ASCII are upper-cased', () => {
    assert.deepEqual(only('comm\u0131t \u017fet a\ufb00').keywords, [])
  })

  test('the words of its first parentheses', () => {
    assert.deepEqual(only('REINDEX (VERBOSE, CONCURRENTLY (x) true) TABLE t (y)').options, [
      'VERBOSE',
      'CONCURRENTLY',
      'TRUE',
    ])
    assert.deepEqual(only('SELECT 1').options, [])
  })

  test('the number of its tokens outside parentheses', () => {
    assert.equal(only('CLUSTER (VERBOSE) "t" /* x */').tokenCount, 4)
    assert.equal(only("SELECT 'a', b.c").tokenCount, 6)
  })

  test('the offset of its semicolon', () => {
    assert.deepEqual(
      scanStatements('a /* ; */ ; b').statements.map((statement) => statement.semicolon),
      [10, null],
    )
  })

  test('comments are listed with their marks', () => {
    const text = '-- a\n/* b */ SELECT /* c */ 1; -- d'
    const { comments } = scanStatements(text)
    assert.deepEqual(
      comments.map(({ start, end }) => text.slice(start, end)),
      ['-- a', '/* b */', '/* c */', '-- d'],
    )
  })
})

suite('COPY with rows in the script', () => {
  const copies = [
    'COPY t FROM STDIN',
    'copy public.t (a, "b") from stdin',
    'COPY BINARY t FROM STDIN',
    "COPY t FROM STDIN WITH (FORMAT csv, DELIMITER ';')",
    'COPY "from" FROM STDOUT',
    'COPY s.from FROM stdin WHERE a > 1',
  ]
  for (const copy of copies) {
    test(`recognises ${copy}`, () => {
      const text = `${copy};\n1;'\n$$\n\\.\nSELECT 2;`
      const [first, second] = scanStatements(text).statements
      assert.equal(first?.kind, 'copy-from-stdin')
      assert.equal(text.slice(first.dataStart, first.dataEnd), "1;'\n$$\n")
      assert.deepEqual([second?.keywords, second?.line], [['SELECT'], 5])
    })
  }

  for (const text of [
    "COPY t FROM '/x'",
    "COPY t FROM PROGRAM 'stdin'",
    'COPY (SELECT a FROM stdin) TO STDOUT',
    'COPY t TO STDIN',
  ]) {
    test(`takes ${text} for an ordinary statement`, () => assert.equal(only(text).kind, 'sql'))
  }

  test('takes rows of any kind, none, CR LF, a comment behind the semicolon and blanks around the end', () => {
    for (const [rows, end] of [
      ['', '\\.'],
      ['a\\.b\n', '\\.\n'],
      ['\\.x\n', ' \\.\t\r\n'],
      ['\r\n', '\\.\r\n'],
    ] as const) {
      const text = `COPY t FROM STDIN; -- rows\r\n${rows}${end}`
      const statement = only(text)
      assert.equal(text.slice(statement.dataStart, statement.dataEnd), rows)
    }
  })

  test('finds SQL and a second COPY behind the rows', () => {
    const text = 'COPY a FROM STDIN;\n1\n\\.\n\nCOPY b FROM STDIN;\n2\n\\.\n;SELECT 1'
    assert.deepEqual(
      scanStatements(text).statements.map(({ kind, line }) => [kind, line]),
      [
        ['copy-from-stdin', 1],
        ['copy-from-stdin', 5],
        ['sql', 8],
      ],
    )
  })

  test('reports rows without an end, at the statement', () => {
    for (const text of [
      'x;\nCOPY t FROM STDIN',
      'x;\nCOPY t FROM STDIN;',
      'x;\nCOPY t FROM STDIN;\n1\n',
      'x;\nCOPY t FROM STDIN;\n1\\.\n',
    ]) {
      const { problem } = scanStatements(text)
      assert.deepEqual(problem, { kind: 'unterminated-copy-data', offset: 3, line: 2, column: 1 })
    }
  })

  test('reports SQL between the semicolon and the rows', () => {
    assert.equal(scanStatements('COPY t FROM STDIN; SELECT 1;\n1\n\\.\n').problem?.kind, 'copy-shares-line')
  })
})

suite('psql commands', () => {
  /** Kind and text of each statement. */
  function kinds(text: string) {
    return scanStatements(text).statements.map(({ kind, start, end }) => [kind, text.slice(start, end)])
  }

  test('reach to the end of their line, quotes or not', () => {
    const expected = [
      ['psql-command', "\\set x 'it''s; (\""],
      ['psql-command', "\\echo it's"],
      ['sql', 'SELECT 1'],
    ]
    assert.deepEqual(kinds("\\set x 'it''s; (\"\r\n  \\echo it's\rSELECT 1;"), expected)
  })

  test('at the begin of a statement', () => {
    for (const command of ['\\restrict abc', '\\unrestrict abc', '\\connect db', '\\.', '\\', '\\i x.sql']) {
      assert.deepEqual(kinds(`${command}\nSELECT 1`), [
        ['psql-command', command],
        ['sql', 'SELECT 1'],
      ])
    }
  })

  test('in the middle of a statement, which they cut off', () => {
    assert.deepEqual(kinds('SELECT 1 AS a \\gset\nSELECT 2;'), [
      ['sql', 'SELECT 1 AS a'],
      ['psql-command', '\\gset'],
      ['sql', 'SELECT 2'],
    ])
    assert.deepEqual(kinds('SELECT (1 \\; SELECT 2'), [
      ['sql', 'SELECT (1'],
      ['psql-command', '\\; SELECT 2'],
    ])
  })

  test('not inside quotes and comments', () => {
    assert.deepEqual(
      kinds('SELECT \'\\a\', $$\\b$$, "\\c" -- \\d\n/* \\e */').map(([kind]) => kind),
      ['sql'],
    )
  })
})

suite('what never ends is reported where it opened', () => {
  const cases: readonly [text: string, kind: ScanProblemKind, line: number, column: number][] = [
    ["SELECT 1;\n  SELECT 'a;", 'unterminated-string', 2, 10],
    ["SELECT\n E'a\\'", 'unterminated-string', 2, 2],
    ["SELECT E'a\\", 'unterminated-string', 1, 8],
    ["SELECT E'a'\n'b", 'unterminated-string', 1, 8],
    ["SELECT 'a''", 'unterminated-string', 1, 8],
    ["SELECT U&'a", 'unterminated-string', 1, 8],
    ["\n'", 'unterminated-string', 2, 1],
    ['SELECT "a;', 'unterminated-name', 1, 8],
    ['SELECT U&"a;', 'unterminated-name', 1, 8],
    ['DO $$ x; $a$', 'unterminated-dollar-quote', 1, 4],
    ['DO $a$ x; $A$', 'unterminated-dollar-quote', 1, 4],
    ['SELECT 1; /* a /* b */', 'unterminated-comment', 1, 11],
    ['/*', 'unterminated-comment', 1, 1],
    ['SELECT \u{1f680} (1, (2);\nSELECT 3;', 'unclosed-parenthesis', 1, 10],
    ['SELECT (1), (', 'unclosed-parenthesis', 1, 13],
    ['CREATE FUNCTION f() RETURNS int\nBEGIN ATOMIC SELECT 1; SELECT 2;', 'unclosed-body', 2, 1],
    ['CREATE FUNCTION f() RETURNS int\nBEGIN ATOMIC SELECT 1 END;', 'unclosed-body', 2, 1],
    ['SELECT ${"a": 1}$$', 'stray-placeholder', 1, 8],
  ]
  for (const [text, kind, line, column] of cases) {
    test(`${kind} in ${JSON.stringify(text)}`, () => {
      const { problem } = scanStatements(text)
      assert.deepEqual([problem?.kind, problem?.line, problem?.column], [kind, line, column])
    })
  }

  test('the statements before it are found all the same', () => {
    assert.equal(scanStatements("a; b; 'c").statements.length, 2)
  })
})

suite('two megabytes take time in proportion', () => {
  const size = 2_000_000
  const texts: readonly [what: string, text: string][] = [
    ['one statement a line', 'INSERT INTO t VALUES (1);\n'.repeat(size / 26)],
    ['all statements in one line', "INSERT INTO t VALUES ('a');".repeat(size / 27)],
    ['one long string', `SELECT '${'a'.repeat(size)}'`],
    ['doubled quotes', `SELECT '${"''".repeat(size / 2)}'`],
    ['dollar signs', 'SELECT '.concat('$'.repeat(size))],
    ['dollar tags that never close', '$a '.repeat(size / 3)],
    ['nested parentheses', `SELECT ${'('.repeat(size / 2)}${')'.repeat(size / 2)}`],
    ['nested comments', '/*'.repeat(size / 4) + '*/'.repeat(size / 4)],
    ['comments without any CR', '--\n'.repeat(size / 3)],
    ['escape strings before comments', "E''\n--x\n".repeat(size / 8)],
    ['rows that nearly end', `COPY t FROM STDIN;\n${'\\.x  \n'.repeat(size / 6)}\\.\n`],
    ['blanks in rows', `COPY t FROM STDIN;\n${' '.repeat(size)}x\n\\.\n`],
  ]
  for (const [what, text] of texts) {
    test(what, () => {
      const begin = performance.now()
      assert.equal(scanStatements(text).problem, null)
      // Takes some tenths of a second; going over the text again for each token would take minutes.
      assert.ok(performance.now() - begin < 10_000)
    })
  }
})
