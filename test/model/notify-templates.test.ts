import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Sql, TransactionSql } from 'postgres'
import { defaultRoleNames } from '../../lib/model/role-names.js'
import { withOrganisation } from '../../lib/model/with-organisation.js'
import { ids, sqlState, tenantDatabase } from './model-database.js'

const { red, blue } = ids

async function install(sql: Sql | TransactionSql, organisation: string = red): Promise<unknown> {
  const [row] = await sql`SELECT notify.install_default_templates(${organisation}) AS inserted`
  return row?.['inserted']
}

test('an organisation gets a template for each result and language, once', async (t) => {
  const { sql } = await tenantDatabase(t)
  assert.deepEqual([await install(sql), await install(sql), await install(sql, blue)], [6, 0, 6])
  const rows = await sql`
    SELECT type || ' ' || locale AS template, version, is_active, subject <> '' AS "hasSubject",
      body_html = '<p>' || body_text || '</p>' AS "isSameText",
      body_text LIKE '%{{contact_name}}%{{campaign_name}}%' AS "hasPlaceholders"
    FROM notify.email_templates WHERE organisation_id = ${red} ORDER BY type, locale`
  const common = { version: 1, is_active: true, hasSubject: true, isSameText: true, hasPlaceholders: true }
  const templates = ['completed en', 'completed it', 'refused en', 'refused it', 'not_reached en', 'not_reached it']
  assert.deepEqual(
    [...rows],
    templates.map((template) => ({ template, ...common })),
  )
})

test('templates of the organisation stay as they are, of whatever version, and the missing ones are added', async (t) => {
  const { sql } = await tenantDatabase(t)
  await sql`
    INSERT INTO notify.email_templates (organisation_id, name, type, locale, subject, body_html, version, is_active) VALUES
      (${red}, 'own', 'completed', 'en', 'own', '<p>own</p>', 7, true),
      (${red}, 'own, in reserve', 'refused', 'it', 'own', '<p>own</p>', 1, false)`
  assert.equal(await install(sql), 4)
  const own = await sql`SELECT name, version FROM notify.email_templates WHERE subject = 'own' ORDER BY name`
  assert.deepEqual(
    [...own],
    [
      { name: 'own', version: 7 },
      { name: 'own, in reserve', version: 1 },
    ],
  )
})

test('an application installs templates for its own organisation only', async (t) => {
  const { sql } = await tenantDatabase(t)
  const asRed = { organisationId: red, role: defaultRoleNames.app }
  assert.equal(await withOrganisation(sql, asRed, async (tx) => await install(tx)), 6)
  await assert.rejects(
    withOrganisation(sql, asRed, async (tx) => await install(tx, blue)),
    sqlState('42501'),
  )
})
