import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { isSqlFileName, parseScriptName } from '../../lib/scripts/script-name.js'

/** Kind, display version and description, or the reason. */
function read(fileName: string): readonly (string | null)[] | string {
  const parsed = parseScriptName(fileName)
  return parsed.ok ? [parsed.kind, parsed.version?.text ?? null, parsed.description] : parsed.reason
}

suite('parseScriptName', () => {
  const understood: readonly [string, ...(string | null)[]][] = [
    ['V20260105_100000__iam_foundation.sql', 'versioned', '20260105.100000', 'iam foundation'],
    ['V20251223_112456___iam_init.sql', 'versioned', '20251223.112456', ' iam init'],
    ['V1.sql', 'versioned', '1', ''],
    ['V1__.sql', 'versioned', '1', ''],
    ['V1____x.sql', 'versioned', '1', '  x'],
    ['V1__a__b.sql', 'versioned', '1', 'a  b'],
    ['V1__ a .sql', 'versioned', '1', ' a '],
    ['V1__x.SQL', 'versioned', '1', 'x'],
    ['V1__x.sql.sql', 'versioned', '1', 'x.sql'],
    ['V1.2.3__Größe.sql', 'versioned', '1.2.3', 'Größe'],
    ['V001__x.sql', 'versioned', '001', 'x'],
    ['U1__x.sql', 'undo', '1', 'x'],
    ['B1_5__x.sql', 'baseline', '1.5', 'x'],
    ['R__10_iam_functions.sql', 'repeatable', null, '10 iam functions'],
    ['R.sql', 'repeatable', null, ''],
    ['R___x.sql', 'repeatable', null, ' x'],
    ['UR__10_iam_functions.sql', 'drop', null, '10 iam functions'],
    ['UR.sql', 'drop', null, ''],
  ]
  for (const [fileName, ...expected] of understood) {
    test(`reads ${fileName}`, () => assert.deepEqual(read(fileName), expected))
  }

  const refused: readonly [string, RegExp][] = [
    ['V__x.sql', /no version; expected V<version>__<description>\.sql/],
    ['V.sql', /no version/],
    ['U__x.sql', /no version; expected U<version>/],
    ['V1_.sql', /"1_" is not a version/],
    ['V1.__x.sql', /"1\." is not a version/],
    ['V-1__x.sql', /"-1" is not a version/],
    ['V+1__x.sql', /"\+1" is not a version/],
    ['Vlatest__x.sql', /"latest" is not a version/],
    ['V1 __x.sql', /"1 " is not a version/],
    ['Users.sql', /"sers" is not a version/],
    ['R1__x.sql', /begins with R has no version; expected R__<description>\.sql/],
    ['Readme.sql', /begins with R has no version/],
    ['R_x.sql', /begins with R has no version/],
    ['UR1__x.sql', /begins with UR has no version; expected UR__<description>\.sql/],
    ['URgent.sql', /begins with UR has no version/],
    ['v1__x.sql', /upper-case/],
    ['u1__x.sql', /upper-case/],
    ['ur__x.sql', /upper-case/],
    ['uR__x.sql', /upper-case/],
    ['.V1__x.sql', /none of the prefixes/],
    ['._V1__x.sql', /none of the prefixes/],
    ['.sql', /none of the prefixes/],
    ['schema.sql', /none of the prefixes/],
    ['before.sql', /none of the prefixes/],
    ['beforeMigrate.sql', /none of the prefixes/],
    ['V1__x.sql.bak', /does not end in \.sql/],
    [`V${'1'.repeat(51)}__x.sql`, /longer than 50 characters/],
  ]
  for (const [fileName, reason] of refused) {
    test(`refuses ${fileName}`, () => {
      const result = read(fileName)
      assert.ok(typeof result === 'string', 'was understood')
      assert.match(result, reason)
    })
  }

  test('splits at the first separator whatever follows', () => {
    const description = fc.string({ unit: 'grapheme', maxLength: 20 })
    fc.assert(
      fc.property(fc.constantFrom('V1', 'U1', 'B1', 'R', 'UR'), description, (head, text) => {
        const parsed = parseScriptName(`${head}__${text}.sql`)
        assert.ok(parsed.ok)
        assert.equal(parsed.description, text.replaceAll('_', ' '))
      }),
    )
  })

  test('never throws', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => typeof parseScriptName(`${name}.sql`).ok === 'boolean'),
    )
  })
})

test('isSqlFileName looks at the end of the name, in any case', () => {
  for (const name of ['a.sql', 'a.SQL', '.sql', 'a.b.Sql']) assert.ok(isSqlFileName(name), name)
  for (const name of ['a.sql.conf', 'asql', 'a.sq', 'sql', 'a.sql~', 'a.sql ']) assert.ok(!isSqlFileName(name), name)
})
