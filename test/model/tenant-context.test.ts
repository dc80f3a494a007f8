import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { writeTenantSettings, writeWorkerSettings } from '../../lib/model/tenant-context.js'

const organisationId = '0190b7a0-0000-7000-8000-00000000000A'
const invalid = (option: string) => ({ code: 'INVALID_OPTIONS', details: { option } })

test('a full context becomes one message of SET LOCAL', () => {
  assert.equal(
    writeTenantSettings({ organisationId, userId: organisationId, role: 'schemaway_app' }),
    `SET LOCAL app.organisation_id = '${organisationId}'; SET LOCAL app.user_id = '${organisationId}'; ` +
      'SET LOCAL ROLE "schemaway_app"',
  )
})

test('without a user the user of the session is emptied, without a role none is set', () => {
  const settings = `SET LOCAL app.organisation_id = '${organisationId}'; SET LOCAL app.user_id = ''`
  assert.equal(writeTenantSettings({ organisationId }), settings)
})

test('the worker has no organisation, no user, and the role it was given', () => {
  const settings = `SET LOCAL app.organisation_id = ''; SET LOCAL app.user_id = ''; SET LOCAL ROLE `
  assert.equal(writeWorkerSettings({}, 'schemaway_worker'), `${settings}"schemaway_worker"`)
  assert.equal(writeWorkerSettings({ role: 'my_worker' }, 'schemaway_worker'), `${settings}"my_worker"`)
})

test('ids that are no uuids are refused, attempts to inject SQL among them', () => {
  const attempts: readonly unknown[] = [
    '',
    "'; DROP SCHEMA iam; --",
    `${organisationId}'; RESET ROLE; --`,
    `${organisationId}\n`,
    ` ${organisationId}`,
    `{${organisationId}}`,
    organisationId.replaceAll('-', ''),
    `${organisationId.slice(0, -1)}\u0660`,
    { toString: () => organisationId },
    [organisationId],
    42,
    null,
  ]
  for (const attempt of attempts) {
    const id = attempt as string
    assert.throws(() => writeTenantSettings({ organisationId: id }), invalid('organisationId'), String(attempt))
    assert.throws(() => writeTenantSettings({ organisationId, userId: id }), invalid('userId'), String(attempt))
  }
  assert.throws(() => writeTenantSettings({} as { organisationId: string }), invalid('organisationId'))
})

test('roles that are no plain identifiers are refused, and so is "none", which is no role', () => {
  for (const role of ['', 'none', 'App', 'a-b', 'a"; RESET ROLE; --', '1a', 'a'.repeat(64), 'ä', null, 7]) {
    assert.throws(() => writeTenantSettings({ organisationId, role: role as string }), invalid('role'), String(role))
    assert.throws(() => writeWorkerSettings({ role: role as string }, 'w'), invalid('role'), String(role))
  }
})

test('unknown options and what is no object are refused', () => {
  const misspelt = { organisationId, userID: organisationId } as { organisationId: string }
  assert.throws(() => writeTenantSettings(misspelt), invalid('userID'))
  assert.throws(
    () => writeTenantSettings(organisationId as unknown as { organisationId: string }),
    invalid('organisationId'),
  )
  assert.throws(() => writeTenantSettings(null as unknown as { organisationId: string }), invalid('organisationId'))
  assert.throws(() => writeWorkerSettings({ rolle: 'x' } as object, 'w'), invalid('rolle'))
})

test('whatever the caller gives, the settings hold nothing but ids and a name between their quotes', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.uuid(),
    fc.constant("' --"),
    fc.stringMatching(/^[a-z_]{1,8}$/),
  )
  const wellFormed =
    /^SET LOCAL app\.organisation_id = '[0-9a-fA-F-]{36}'; SET LOCAL app\.user_id = '[0-9a-fA-F-]{36}'; SET LOCAL ROLE "[a-z0-9_]+"$/
  fc.assert(
    fc.property(text, text, text, (organisation, user, role) => {
      try {
        assert.match(writeTenantSettings({ organisationId: organisation, userId: user, role }), wellFormed)
      } catch (error) {
        assert.equal((error as { code?: string }).code, 'INVALID_OPTIONS')
      }
    }),
  )
})
