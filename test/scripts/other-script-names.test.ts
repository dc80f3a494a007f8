import assert from 'node:assert/strict'
import test from 'node:test'
import { parseOtherScriptName } from '../../lib/scripts/other-script-names.js'
import { parseScriptName } from '../../lib/scripts/script-name.js'

type Expected = readonly [kind: string, version: string | null, description: string]

function parse(name: string, naming: 'up-down' | 'numbered'): Expected | string {
  const parsed = parseOtherScriptName(name, naming)
  return parsed.ok ? [parsed.kind, parsed.version?.text ?? null, parsed.description] : parsed.reason
}

for (const [naming, name, expected] of [
  ['up-down', 'V0001.up.sql', ['versioned', '0001', '']],
  ['up-down', '0001_create_users.up.sql', ['versioned', '0001', 'create users']],
  ['up-down', '0001_create_users.down.sql', ['undo', '0001', 'create users']],
  ['up-down', 'V1.2__a__b.UP.SQL', ['versioned', '1.2', 'a  b']],
  ['up-down', '20260105100000-init.up.sql', ['versioned', '20260105100000', 'init']],
  ['up-down', 'R__views.sql', ['repeatable', null, 'views']],
  ['up-down', 'UR__views.sql', ['drop', null, 'views']],
  ['up-down', 'R__views.up.sql', ['repeatable', null, 'views']],
  ['up-down', 'R__views.down.sql', ['drop', null, 'views']],
  ['numbered', 'R__of_orders.DOWN.SQL', ['drop', null, 'of orders']],
  ['numbered', 'R__views.up.sql', ['repeatable', null, 'views']],
  ['up-down', '1_.up.sql', ['versioned', '1', '']],
  ['numbered', '1_.sql', ['versioned', '1', '']],
  ['numbered', '1-2fa.sql', ['versioned', '1', '2fa']],
  ['numbered', '001_create_core_tables.sql', ['versioned', '001', 'create core tables']],
  ['numbered', '001_create_core_tables.down.sql', ['undo', '001', 'create core tables']],
  ['numbered', '2.sql', ['versioned', '2', '']],
  ['numbered', '10_2fa.sql', ['versioned', '10', '2fa']],
] as const satisfies readonly (readonly ['up-down' | 'numbered', string, Expected])[]) {
  test(`${naming}: ${name}`, () => assert.deepEqual(parse(name, naming), expected))
}

for (const [naming, name, reason] of [
  ['up-down', 'users.up.sql', /does not begin with a number; expected <version>_<description>\.up\.sql/],
  ['up-down', '0001_x.sql', /neither \.up\.sql nor \.down\.sql.*`naming: 'numbered'`, and a folder has one style/],
  ['up-down', 'V1__x.sql', /neither \.up\.sql nor \.down\.sql.*`naming: 'flyway'`/],
  ['up-down', 'U1__x.sql', /`naming: 'flyway'`/],
  ['up-down', `${'1'.repeat(51)}.up.sql`, /longer than 50/],
  ['up-down', '0001x.up.sql', /does not begin with a number/],
  ['numbered', '001_x.up.sql', /ends in \.up\.sql.*`naming: 'up-down'`/],
  ['up-down', 'UR__views.down.sql', /both say what the file is for; expected UR__<description>\.sql or R__<desc/],
  ['numbered', '2024-01-05_x.sql', /a version has dots or nothing between its digits, no hyphens/],
  ['numbered', '2024-01.down.sql', /no hyphens/],
  ['up-down', '2024-01-05-x.up.sql', /no hyphens/],
  ['numbered', 'V1__x.sql', /does not begin with a number.*`naming: 'flyway'`/],
  [
    'numbered',
    'notes.sql',
    /does not begin with a number; expected <version>_<description>\.sql with [^.]*\.down\.sql$/,
  ],
] as const) {
  test(`${naming}: ${name} is refused with what would fit`, () => {
    const found = parse(name, naming)
    assert.match(String(found), reason)
  })
}

test('a name has the version and description that its Flyway name would have', () => {
  for (const [ours, flyway] of [
    ['007_add_x.up.sql', 'V007__add_x.sql'],
    ['1.2.0__y.up.sql', 'V1.2.0__y.sql'],
  ] as const) {
    assert.deepEqual(parseOtherScriptName(ours, 'up-down'), parseScriptName(flyway))
  }
})

test('Flyway’s grammar says which style a foreign name may be', () => {
  for (const [name, reason] of [
    ['001_x.sql', /naming: 'numbered'/],
    ['001_x.up.sql', /naming: 'up-down'/],
    ['V0001.up.sql', /"0001\.up" is not a version.*naming: 'up-down'/],
  ] as const) {
    const parsed = parseScriptName(name)
    assert.match(parsed.ok ? '' : parsed.reason, reason)
  }
})
