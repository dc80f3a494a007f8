import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Sql, TransactionSql } from 'postgres'
import { defaultRoleNames } from '../../lib/model/role-names.js'
import { withOrganisation } from '../../lib/model/with-organisation.js'
import { withWorker } from '../../lib/model/with-worker.js'
import { ids, sqlState, tenantDatabase } from './model-database.js'

const { red, blue } = ids
const claimOverAll = `notify.claim_email_notifications('sender'`
const claimForRed = `notify.claim_email_notifications('${red}'::uuid, 'sender'`
/** The two forms of the claim. */
const claimForms = { 'over all organisations': claimOverAll, 'for one organisation': claimForRed }

/** Adds emails that are named by their idempotency key. */
async function addEmails(sql: Sql, names: readonly string[], columns: Record<string, string> = {}): Promise<void> {
  const values: Record<string, string> = {
    organisation_id: `'${red}'`,
    to_email: `'anna@example.org'`,
    ...columns,
  }
  for (const name of names) {
    await sql.unsafe(
      `INSERT INTO notify.email_notifications (idempotency_key, ${Object.keys(values)})
       VALUES ('${name}', ${Object.values(values).join(', ')})`,
    )
  }
}

/** Claims, and names the emails in the order in which they come. */
async function claim(sql: Sql | TransactionSql, form: string, parameters = ''): Promise<readonly unknown[]> {
  const rows = await sql.unsafe(`SELECT idempotency_key AS name FROM ${form}${parameters})`)
  return rows.map(({ name }) => name)
}

async function readEmails(sql: Sql | TransactionSql): Promise<readonly unknown[]> {
  return [
    ...(await sql`
      SELECT idempotency_key AS name, status, attempts, locked_by, error_code, error_message
      FROM notify.email_notifications ORDER BY name`),
  ]
}

async function expireLeases(sql: Sql): Promise<void> {
  await sql`UPDATE notify.email_notifications SET locked_until = now() - interval '1 second' WHERE locked_by IS NOT NULL`
}

for (const [what, form] of Object.entries(claimForms)) {
  test(`a claim ${what}: due emails come in the order of their time`, async (t) => {
    const { sql } = await tenantDatabase(t)
    await addEmails(sql, ['third'], { next_attempt_at: `now() - interval '1 minute'` })
    await addEmails(sql, ['first'], { next_attempt_at: `now() - interval '3 minutes'` })
    await addEmails(sql, ['second'], { next_attempt_at: `now() - interval '2 minutes'` })
    await addEmails(sql, ['not yet'], { next_attempt_at: `now() + interval '1 hour'` })
    await addEmails(sql, ['sent'], { status: `'sent'`, sent_at: 'now()' })
    await addEmails(sql, ['failed'], { status: `'failed'` })
    assert.deepEqual(await claim(sql, form, ', p_limit => 2'), ['first', 'second'])
    assert.deepEqual(await claim(sql, form), ['third'])
    assert.deepEqual(await claim(sql, form), [], 'leased emails are not due')
    const [row] = await sql`
      SELECT count(*)::int AS n FROM notify.email_notifications
      WHERE locked_by = 'sender' AND attempts = 1 AND status = 'pending'`
    assert.equal(row?.['n'], 3)
  })

  test(`a claim ${what}: emails to recipients who opted out end there`, async (t) => {
    const { sql } = await tenantDatabase(t)
    await sql`
      INSERT INTO notify.opt_outs (organisation_id, channel, address, revoked_at) VALUES
        (${red}, 'email', 'email@example.org', NULL), (${red}, 'any', 'any@example.org', NULL),
        (${red}, 'sms', 'sms@example.org', NULL), (${red}, 'email', 'revoked@example.org', now()),
        (${blue}, 'any', 'blue@example.org', NULL)`
    for (const name of ['EMAIL', 'any', 'sms', 'revoked', 'blue']) {
      await addEmails(sql, [name], { to_email: `'${name}@Example.org'` })
    }
    await claim(sql, form)
    const claimed = { status: 'pending', attempts: 1, locked_by: 'sender', error_code: null, error_message: null }
    const ended = {
      ...{ status: 'failed', attempts: 0, locked_by: null },
      ...{ error_code: 'suppressed', error_message: 'recipient opted out' },
    }
    const emails = { any: ended, blue: claimed, EMAIL: ended, revoked: claimed, sms: claimed }
    const found = new Map((await readEmails(sql)).map((row) => [(row as { name: string }).name, row]))
    for (const [name, state] of Object.entries(emails)) assert.deepEqual(found.get(name), { name, ...state })
  })

  test(`a claim ${what}: a recipient who opts out while an email is leased gets no second attempt`, async (t) => {
    const { sql } = await tenantDatabase(t)
    await addEmails(sql, ['email'])
    assert.equal((await claim(sql, form)).length, 1)
    await sql`INSERT INTO notify.opt_outs (organisation_id, channel, address) VALUES (${red}, 'email', 'anna@example.org')`
    await expireLeases(sql)
    assert.deepEqual(await claim(sql, form), [])
    const [email] = await sql`SELECT status, error_code, locked_by FROM notify.email_notifications`
    assert.deepEqual(email, { status: 'failed', error_code: 'suppressed', locked_by: null })
  })

  test(`a claim ${what}: an email whose lease ran out comes back until its attempts are used up`, async (t) => {
    const { sql } = await tenantDatabase(t)
    await addEmails(sql, ['email'], { max_attempts: '2' })
    for (const attempt of [1, 2]) {
      assert.deepEqual(await claim(sql, form, `, p_lease => interval '1 hour'`), ['email'], `attempt ${attempt}`)
      assert.deepEqual(await claim(sql, form), [])
      await expireLeases(sql)
    }
    assert.deepEqual(await claim(sql, form), [])
    assert.deepEqual(await readEmails(sql), [
      {
        ...{ name: 'email', status: 'failed', attempts: 2, locked_by: null },
        ...{ error_code: 'lease_expired', error_message: 'lease expired' },
      },
    ])
  })

  test(`a claim ${what}: an email that a person puts back is tried once more`, async (t) => {
    const { sql } = await tenantDatabase(t)
    await addEmails(sql, ['email'], { attempts: '5', max_attempts: '5' })
    assert.deepEqual(await claim(sql, form), ['email'])
  })

  test(`a claim ${what}: never more emails come than asked for, however wrong the statistics are`, async (t) => {
    const { sql } = await tenantDatabase(t)
    await addEmails(sql, ['failed'], { status: `'failed'` })
    await sql`ANALYZE notify.email_notifications`
    await sql`
      INSERT INTO notify.email_notifications (organisation_id, to_email, idempotency_key)
      SELECT ${red}, 'anna@example.org', number::text FROM generate_series(1, 100) AS number`
    assert.equal((await claim(sql, form, ', p_limit => 5')).length, 5)
    assert.equal((await claim(sql, form, ', p_limit => 0')).length, 0)
    await assert.rejects(claim(sql, form, ', p_limit => -1'), sqlState('2201W'))
    await assert.rejects(claim(sql, form, ', p_limit => NULL'), sqlState('22004'))
    await assert.rejects(claim(sql, form, ', p_lease => NULL'), { constraint_name: 'ck_email_notifications_lock_pair' })
    const [row] = await sql`SELECT count(*)::int AS taken FROM notify.email_notifications WHERE locked_by IS NOT NULL`
    assert.equal(row?.['taken'], 5)
  })

  test(`a claim ${what}: an application claims and suppresses emails of its own organisation only`, async (t) => {
    const { sql } = await tenantDatabase(t)
    await addEmails(sql, ['red', 'red, opted out'])
    await addEmails(sql, ['blue'], { organisation_id: `'${blue}'` })
    await sql`
      INSERT INTO notify.opt_outs (organisation_id, channel, address) VALUES (${red}, 'email', 'anna@example.org')`
    const asBlue = { organisationId: blue, role: defaultRoleNames.app }
    const seen = await withOrganisation(sql, asBlue, async (tx) => await claim(tx, form))
    assert.deepEqual(seen, form === claimOverAll ? ['blue'] : [])
    const untouched =
      await sql`SELECT FROM notify.email_notifications WHERE organisation_id = ${red} AND status = 'pending'`
    assert.equal(untouched.length, 2)
  })
}

test('the worker claims over all organisations, or for one', async (t) => {
  const { sql } = await tenantDatabase(t)
  await addEmails(sql, ['a', 'b'])
  await addEmails(sql, ['c', 'd'], { organisation_id: `'${blue}'` })
  const claimForBlue = claimForRed.replace(red, blue)
  assert.deepEqual(await withWorker(sql, async (tx) => await claim(tx, claimForBlue)), ['c', 'd'])
  assert.deepEqual(await withWorker(sql, async (tx) => await claim(tx, claimOverAll)), ['a', 'b'])
})

async function complete(
  sql: Sql | TransactionSql,
  sender = 'sender',
  message: string | null = 'm-1',
): Promise<unknown> {
  const [row] = await sql`
    SELECT notify.complete_email_notification(${red}, id, ${sender}, ${message}) AS done FROM notify.email_notifications`
  return row?.['done']
}

test('an email is sent once, by the sender that holds it', async (t) => {
  const { sql } = await tenantDatabase(t)
  await addEmails(sql, ['email'], { error_code: `'earlier'`, error_message: `'earlier'` })
  assert.equal(await complete(sql), false, 'nobody holds it')
  await claim(sql, claimOverAll)
  assert.equal(await complete(sql, 'other'), false)
  assert.deepEqual([await complete(sql), await complete(sql)], [true, false])
  const [email] = await sql`
    SELECT status, sent_at IS NOT NULL AS sent, provider_message_id, locked_by, error_code, error_message
    FROM notify.email_notifications`
  assert.deepEqual(email, {
    ...{ status: 'sent', sent: true, provider_message_id: 'm-1' },
    ...{ locked_by: null, error_code: null, error_message: null },
  })
})

test('an email is sent even if the provider gives no id', async (t) => {
  const { sql } = await tenantDatabase(t)
  for (const message of ['', null]) {
    await sql`DELETE FROM notify.email_notifications`
    await addEmails(sql, ['email'])
    await claim(sql, claimForRed)
    assert.equal(await complete(sql, 'sender', message), true)
  }
  assert.deepEqual([...(await sql`SELECT provider_message_id AS id FROM notify.email_notifications`)], [{ id: null }])
})

async function fail(
  sql: Sql | TransactionSql,
  sender = 'sender',
  isRetryable: boolean | null = true,
): Promise<unknown> {
  const [row] = await sql`
    SELECT notify.fail_email_notification(${red}, id, ${sender}, 'smtp_451', repeat('x', 3000), ${isRetryable}) AS noted
    FROM notify.email_notifications`
  return row?.['noted']
}

test('a failed email comes back after a wait that doubles, until its attempts are used up', async (t) => {
  const { sql } = await tenantDatabase(t)
  await addEmails(sql, ['email'], { max_attempts: '3' })
  const states: unknown[] = []
  for (let attempt = 1; attempt <= 3; attempt++) {
    await sql`UPDATE notify.email_notifications SET next_attempt_at = now()`
    await claim(sql, claimOverAll)
    assert.equal(await fail(sql, 'other'), false)
    await sql.begin(async (tx) => {
      assert.equal(await fail(tx), true)
      assert.equal(await fail(tx), false, 'a lease ends once')
      const [state] = await tx`
        SELECT status, attempts, locked_by, error_code, error_message,
          greatest(extract(epoch FROM next_attempt_at - now())::int, 0) AS wait
        FROM notify.email_notifications`
      states.push(state)
    })
  }
  const given = { locked_by: null, error_code: 'smtp_451', error_message: 'x'.repeat(2000) }
  assert.deepEqual(states, [
    { ...given, status: 'pending', attempts: 1, wait: 60 },
    { ...given, status: 'pending', attempts: 2, wait: 120 },
    { ...given, status: 'failed', attempts: 3, wait: 0 },
  ])
})

test('a failure that is not to be retried, or not known to be, ends the email', async (t) => {
  const { sql } = await tenantDatabase(t)
  for (const isRetryable of [false, null]) {
    await sql`DELETE FROM notify.email_notifications`
    await addEmails(sql, ['email'])
    await claim(sql, claimForRed)
    assert.equal(await fail(sql, 'sender', isRetryable), true)
    const [email] = await sql`SELECT status, attempts FROM notify.email_notifications`
    assert.deepEqual(email, { status: 'failed', attempts: 1 })
  }
})

test('a sender that was too slow is told', async (t) => {
  const { sql } = await tenantDatabase(t)
  await addEmails(sql, ['email'])
  await claim(sql, `notify.claim_email_notifications('slow'`)
  await expireLeases(sql)
  await claim(sql, `notify.claim_email_notifications('quick'`)
  assert.equal(await complete(sql, 'slow'), false)
  assert.equal(await fail(sql, 'slow'), false)
  assert.equal(await complete(sql, 'quick'), true)
})
