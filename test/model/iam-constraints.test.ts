import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ids, sqlState, tenantDatabase } from './model-database.js'

const { red } = ids
const checkViolation = '23514'

test('rows that break a rule are refused with 23514 by the constraint of that rule', async (t) => {
  const { sql } = await tenantDatabase(t, ['iam'])
  const refused: readonly [statement: string, constraint: string][] = [
    [`UPDATE iam.organisations SET timezone = 'Mars/Olympus'`, 'ck_organisations_timezone'],
    [`UPDATE iam.organisations SET timezone = 'FOO-5'`, 'ck_organisations_timezone'],
    [`UPDATE iam.users SET timezone = 'EST5EDT'`, 'ck_users_timezone'],
    [`UPDATE iam.organisations SET settings = '[]'`, 'ck_organisations_settings'],
    [`UPDATE iam.organisations SET slug = 'Red'`, 'ck_organisations_slug'],
    [`UPDATE iam.organisations SET slug = 'red-'`, 'ck_organisations_slug'],
    [`UPDATE iam.organisations SET name = ''`, 'ck_organisations_name'],
    [`UPDATE iam.organisations SET country_code = 'de'`, 'ck_organisations_country_code'],
    [`UPDATE iam.users SET email = 'nobody'`, 'ck_email'],
    [`UPDATE iam.users SET email = 'a b@example.org'`, 'ck_email'],
    [`UPDATE iam.users SET email = repeat('x', 320) || '@example.org'`, 'ck_email'],
    [`UPDATE iam.users SET locale = 'english'`, 'ck_users_locale'],
    [`UPDATE iam.users SET name = repeat('x', 256)`, 'ck_users_name'],
    [`UPDATE iam.users SET oidc_sub = NULL`, 'ck_users_oidc_pair'],
    [`UPDATE iam.users SET oidc_issuer = ''`, 'ck_users_oidc_issuer'],
    [`UPDATE iam.users SET oidc_sub = repeat('x', 256)`, 'ck_users_oidc_sub'],
    [
      `INSERT INTO iam.invitations (organisation_id, email, token_hash) VALUES ('${red}', 'a@b.org', '\\x00')`,
      'ck_invitations_token_hash',
    ],
    [
      `INSERT INTO iam.invitations (organisation_id, email, token_hash, accepted_at, revoked_at)
       VALUES ('${red}', 'a@b.org', sha256('a'), now(), now())`,
      'ck_invitations_closed_once',
    ],
    [apiKey(`'', 'prefix', sha256('a')`), 'ck_api_keys_name'],
    [apiKey(`'a', 'short', sha256('a')`), 'ck_api_keys_key_prefix'],
    [apiKey(`'a', 'prefix', '\\x00'`), 'ck_api_keys_key_hash'],
    [event(`iam.uuid_v7(), '', 'b', 'c', '{}'`), 'ck_audit_logs_entity_type'],
    [event(`iam.uuid_v7(), 'a', '', 'c', '{}'`), 'ck_audit_logs_entity_id'],
    [event(`iam.uuid_v7(), 'a', 'b', '', '{}'`), 'ck_audit_logs_action'],
    [event(`iam.uuid_v7(), 'a', 'b', 'c', '[]'`), 'ck_audit_logs_changes'],
    [event(`gen_random_uuid(), 'a', 'b', 'c', '{}'`), 'ck_audit_logs_id_v7'],
    [metric(`iam.uuid_v7(), 'Calls', '{}'`), 'ck_system_metrics_name'],
    [metric(`iam.uuid_v7(), 'calls', '[]'`), 'ck_system_metrics_labels'],
    [metric(`gen_random_uuid(), 'calls', '{}'`), 'ck_system_metrics_id_v7'],
  ]
  for (const [statement, constraint] of refused) {
    await assert.rejects(
      sql.unsafe(statement).execute(),
      { code: checkViolation, constraint_name: constraint },
      statement,
    )
  }
})

test('rows that keep the rules are taken', async (t) => {
  const { sql } = await tenantDatabase(t, ['iam'])
  const taken = [
    `UPDATE iam.organisations SET timezone = 'America/Port-au-Prince', settings = '{"a": []}', country_code = NULL`,
    `UPDATE iam.users SET timezone = 'Etc/GMT-14', locale = 'pt-BR', oidc_issuer = NULL, oidc_sub = NULL`,
    `INSERT INTO iam.invitations (organisation_id, email, token_hash) VALUES ('${red}', 'A.b+c@Example.org', sha256('a'))`,
    apiKey(`'a', 'prefix', sha256('a')`),
    event(`iam.uuid_v7_at('1999-12-31 23:59:59+00'), 'a', 'b', 'c', '{}'`),
    metric(`iam.uuid_v7(), 'calls.started', '{"a": 1}'`),
  ]
  for (const statement of taken) await sql.unsafe(statement)
})

test('keys that are taken are refused with 23505, e-mail addresses in any case', async (t) => {
  const { sql } = await tenantDatabase(t, ['iam'])
  await sql.unsafe(apiKey(`'a', 'prefix', sha256('a')`))
  const refused: readonly [statement: string, constraint: string][] = [
    [`INSERT INTO iam.organisations (slug, name) VALUES ('red', 'Other')`, 'uq_organisations_slug'],
    [`INSERT INTO iam.users (email, name) VALUES ('RED@Example.ORG', 'Other')`, 'uq_users_email'],
    [
      `INSERT INTO iam.users (email, name, oidc_issuer, oidc_sub) VALUES ('o@b.org', 'O', 'https://login.example', 'sam')`,
      'uq_users_oidc_issuer_oidc_sub',
    ],
    [apiKey(`'b', 'prefix', sha256('b')`), 'uq_api_keys_key_prefix'],
  ]
  for (const [statement, constraint] of refused) {
    await assert.rejects(sql.unsafe(statement).execute(), { code: '23505', constraint_name: constraint }, statement)
  }
})

test('an address can be invited again once its invitation is closed', async (t) => {
  const { sql } = await tenantDatabase(t, ['iam'])
  const invite = (token: string): Promise<unknown> =>
    sql`INSERT INTO iam.invitations (organisation_id, email, token_hash) VALUES (${red}, 'a@b.org', sha256(${token}::bytea))`
  await invite('first')
  await assert.rejects(invite('second'), sqlState('23505'))
  await sql`UPDATE iam.invitations SET revoked_at = now()`
  await invite('second')
  await sql`UPDATE iam.invitations SET accepted_at = now() WHERE revoked_at IS NULL`
  await invite('third')
})

test('a member whom others name can only go with the organisation', async (t) => {
  const { sql } = await tenantDatabase(t, ['iam'])
  const { redMember } = ids
  await sql`
    INSERT INTO iam.invitations (organisation_id, email, token_hash, invited_by_user_id)
    VALUES (${red}, 'a@b.org', sha256('a'), ${redMember})`
  const leave = sql`DELETE FROM iam.organisation_users WHERE organisation_id = ${red} AND user_id = ${redMember}`
  await assert.rejects(leave, sqlState('23503'))
  await sql`DELETE FROM iam.organisations WHERE id = ${red}`
  assert.equal((await sql`SELECT FROM iam.invitations`).length, 0)
})

test('updated_at moves when a row really changes', async (t) => {
  const { sql } = await tenantDatabase(t, ['iam'])
  await sql.begin(async (transaction) => {
    await transaction`UPDATE iam.organisations SET name = 'Crimson', updated_at = '2020-01-01' WHERE slug = 'red'`
    const [changed] = await transaction`SELECT updated_at = now() AS moved FROM iam.organisations WHERE slug = 'red'`
    assert.deepEqual(changed, { moved: true })
  })
  const before = await sql`SELECT updated_at FROM iam.organisations ORDER BY slug`
  await sql`UPDATE iam.organisations SET name = name`
  assert.deepEqual(await sql`SELECT updated_at FROM iam.organisations ORDER BY slug`, before)
})

test('time zones are UTC, IANA names and the fixed offsets of Etc, never POSIX strings', async (t) => {
  const { sql } = await tenantDatabase(t, ['iam'])
  const good = [
    'UTC',
    'Europe/Rome',
    'America/Argentina/Buenos_Aires',
    'America/Port-au-Prince',
    'Etc/GMT+12',
    'Etc/GMT-14',
    'Etc/GMT0',
  ]
  const bad = [
    '',
    'utc',
    'GMT',
    'EST',
    'FOO-5',
    'EST5EDT',
    'Europe/Atlantis',
    'Foo/Bar+5',
    'Foo/Bar5',
    'Etc/GMT+13',
    'Etc/GMT+99',
    '+02',
    null,
  ]
  const ask = async (zones: readonly (string | null)[]) =>
    (
      await sql<{ zone: string | null }[]>`
      SELECT zone FROM unnest(${[...zones]}::text[]) AS zone WHERE iam.is_timezone(zone)`
    ).map(({ zone }) => zone)
  assert.deepEqual(await ask([...good, ...bad]), good)
  const nothing = await sql`SELECT iam.is_timezone(NULL) AS answer`
  assert.deepEqual([...nothing], [{ answer: false }])
})

test('time zones can be checked in a parallel query', async (t) => {
  const { sql } = await tenantDatabase(t, ['iam'])
  await sql`CREATE TABLE public.zones AS SELECT 'Europe/Rome' AS zone FROM generate_series(1, 20000)`
  await sql`ANALYZE public.zones`
  await sql.begin(async (transaction) => {
    await transaction.unsafe(
      'SET LOCAL parallel_setup_cost = 0; SET LOCAL parallel_tuple_cost = 0; SET LOCAL min_parallel_table_scan_size = 0',
    )
    const [row] = await transaction`SELECT count(*)::int AS n FROM public.zones WHERE iam.is_timezone(zone)`
    assert.deepEqual(row, { n: 20000 })
  })
})

function apiKey(values: string): string {
  return `INSERT INTO iam.api_keys (organisation_id, name, key_prefix, key_hash) VALUES ('${red}', ${values})`
}

function event(values: string): string {
  return `INSERT INTO iam.audit_logs (organisation_id, id, entity_type, entity_id, action, changes) VALUES ('${red}', ${values})`
}

function metric(values: string): string {
  return `INSERT INTO iam.system_metrics (organisation_id, id, name, labels, value) VALUES ('${red}', ${values}, 1)`
}
