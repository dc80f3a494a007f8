import assert from 'node:assert/strict'
import test from 'node:test'
import { placeholderValues } from '../../lib/plan/placeholder-values.js'
import { configOf, stateOf } from './fixtures.js'

test('a script sees Flyway’s built-in placeholders, the role names, and the values of the caller', async () => {
  const config = await configOf({
    locations: '/sql',
    historySchema: 'app',
    table: 'history',
    roles: { app: 'acme_app' },
    placeholders: { Tenant: 'ACME', role_owner: 'somebody' },
  })
  const values = placeholderValues(config, stateOf())
  assert.deepEqual(Object.fromEntries(values({ module: '', script: 'deep/V1__a.sql' })), {
    'flyway:defaultschema': 'app',
    'flyway:user': 'app_login',
    'flyway:database': 'app',
    'flyway:timestamp': '2026-01-05 10:00:00',
    'flyway:filename': 'V1__a.sql',
    'flyway:workingdirectory': process.cwd(),
    'flyway:table': 'history',
    'flyway:environment': 'default',
    'schemaway:dollar': '$',
    role_owner: 'somebody',
    role_app: 'acme_app',
    role_worker: 'schemaway_worker',
    role_readonly: 'schemaway_readonly',
    tenant: 'ACME',
  })
})

test('a bundled script does not see the values of the caller, not even in place of a role', async () => {
  const config = await configOf({ modules: ['iam'], placeholders: { tenant: 'x', role_owner: 'somebody' } })
  const values = placeholderValues(config, stateOf())({ module: 'iam', script: 'iam/V1__a.sql' })
  assert.equal(values.get('tenant'), undefined)
  assert.equal(values.get('role_owner'), 'schemaway_owner')
})

test('the file name is that of each script, also after others were asked for', async () => {
  const values = placeholderValues(await configOf({ locations: '/sql' }), stateOf())
  const [first, second] = ['V1__a.sql', 'x/V2__b.sql'].map((script) => values({ module: '', script }))
  assert.deepEqual([first?.get('flyway:filename'), second?.get('flyway:filename')], ['V1__a.sql', 'V2__b.sql'])
})
