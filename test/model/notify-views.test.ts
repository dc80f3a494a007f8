import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ids, openClient, tenantDatabase } from './model-database.js'
import { readAsTenants } from './read-as-tenants.js'

const { red, blue } = ids

test('v_email_delivery_summary counts emails by campaign and result', async (t) => {
  const { sql } = await tenantDatabase(t)
  const campaign = '00000000-0000-7000-8000-00000000ca01'
  await sql`
    INSERT INTO survey.campaigns (organisation_id, id, name, intro_script)
    VALUES (${red}, ${campaign}, 'Campaign', 'Hello')`
  await sql`
    INSERT INTO notify.email_notifications
      (organisation_id, campaign_id, idempotency_key, to_email, status, sent_at, delivered_at, bounced_at, complained_at, error_code)
    SELECT organisation::uuid, campaign::uuid, gen_random_uuid()::text, 'anna@example.org', status::notify.email_status,
      CASE WHEN status = 'sent' THEN now() END, delivered, bounced, complained, code
    FROM (
      VALUES
        (${red}, ${campaign}, 'pending', NULL::timestamptz, NULL::timestamptz, NULL::timestamptz, NULL),
        (${red}, ${campaign}, 'sent', now(), NULL, NULL, NULL),
        (${red}, ${campaign}, 'sent', now(), NULL, now(), NULL),
        (${red}, ${campaign}, 'sent', NULL, now(), NULL, NULL),
        (${red}, ${campaign}, 'failed', NULL, NULL, NULL, 'suppressed'),
        (${red}, ${campaign}, 'failed', NULL, NULL, NULL, 'smtp_550'),
        (${red}, NULL, 'pending', NULL, NULL, NULL, NULL),
        (${blue}, NULL, 'sent', now(), NULL, NULL, NULL)
    ) AS v (organisation, campaign, status, delivered, bounced, complained, code)`
  const seen = await readAsTenants(
    sql,
    `SELECT campaign_id, ${['total', 'pending', 'sent', 'failed', 'delivered', 'bounced', 'complained', 'suppressed']
      .map((column) => `${column}::int`)
      .join(', ')} FROM notify.v_email_delivery_summary ORDER BY campaign_id NULLS LAST`,
  )
  const none = { pending: 0, sent: 0, failed: 0, delivered: 0, bounced: 0, complained: 0, suppressed: 0 }
  const ofCampaign = { pending: 1, sent: 3, failed: 2, delivered: 2, bounced: 1, complained: 1, suppressed: 1 }
  assert.deepEqual(seen, {
    red: [
      { campaign_id: campaign, total: 6, ...ofCampaign },
      { campaign_id: null, ...none, total: 1, pending: 1 },
    ],
    blue: [{ campaign_id: null, ...none, total: 1, sent: 1, delivered: 1 }],
    worker: 3,
    nobody: [],
  })
})

test('v_message_opens shows every message, those without an open as well', async (t) => {
  const { sql } = await tenantDatabase(t)
  for (const organisation of [red, blue]) {
    await sql`
      INSERT INTO notify.tracking_pixels (organisation_id, message_ref, token)
      VALUES (${organisation}, 'opened', 'token_of_opened_message'), (${organisation}, 'unread', 'token_of_unread_message')`
  }
  const record = async (type: string, url: string | null, isBot = false): Promise<unknown> =>
    await sql`
      SELECT notify.record_tracking_event(
        ${red}, 'token_of_opened_message', ${type}, ${url}, p_is_bot => ${isBot})`
  await record('open', null)
  await record('open', null)
  await record('open', null, true)
  await record('click', 'https://example.org')
  const seen = await readAsTenants(
    sql,
    `SELECT organisation_id, message_ref, email_notification_id, open_count, click_count,
       first_opened_at IS NOT NULL AS first, last_opened_at > first_opened_at AS later
     FROM notify.v_message_opens ORDER BY message_ref`,
  )
  const none = { email_notification_id: null, open_count: 0, click_count: 0, first: false, later: null }
  const opened = { email_notification_id: null, open_count: 2, click_count: 1, first: true, later: true }
  assert.deepEqual(seen, {
    red: [
      { organisation_id: red, message_ref: 'opened', ...opened },
      { organisation_id: red, message_ref: 'unread', ...none },
    ],
    blue: [
      { organisation_id: blue, message_ref: 'opened', ...none },
      { organisation_id: blue, message_ref: 'unread', ...none },
    ],
    worker: 4,
    nobody: [],
  })
})

test('v_tracking_daily counts by the day of UTC, whatever the zone of the session', async (t) => {
  const { sql, url } = await tenantDatabase(t)
  for (const organisation of [red, blue]) {
    await sql`
      INSERT INTO notify.tracking_pixels (organisation_id, message_ref, token)
      VALUES (${organisation}, 'message', 'token_of_the_message')`
  }
  await sql`
    INSERT INTO notify.tracking_events (organisation_id, pixel_id, occurred_at, event_type, url, is_bot)
    SELECT p.organisation_id, p.id, v.at::timestamptz, v.type::notify.tracking_event_type, 'https://example.org', v.bot
    FROM notify.tracking_pixels AS p
    JOIN (
      VALUES
        (${red}, '2026-03-29 00:00:00+00', 'open', false), (${red}, '2026-03-29 23:59:59+00', 'open', false),
        (${red}, '2026-03-29 12:00:00+00', 'open', true), (${red}, '2026-03-29 12:00:00+00', 'click', false),
        (${red}, '2026-03-30 00:00:00+00', 'open', false), (${blue}, '2026-03-30 00:00:00+00', 'click', true)
    ) AS v (organisation, at, type, bot) ON v.organisation = p.organisation_id::text`
  const query = `SELECT day::text, event_type AS type, events::int, bot_events::int AS bots
    FROM notify.v_tracking_daily ORDER BY day, type`
  const expected = {
    red: [
      { day: '2026-03-29', type: 'open', events: 2, bots: 1 },
      { day: '2026-03-29', type: 'click', events: 1, bots: 0 },
      { day: '2026-03-30', type: 'open', events: 1, bots: 0 },
    ],
    blue: [{ day: '2026-03-30', type: 'click', events: 0, bots: 1 }],
    worker: 4,
    nobody: [],
  }
  const { sql: session } = openClient(t, url)
  for (const timezone of ['UTC', 'Europe/Rome', 'America/New_York']) {
    await session.unsafe(`SET TimeZone = '${timezone}'`)
    assert.deepEqual(await readAsTenants(session, query), expected, timezone)
  }
})
