import type { Sql, TransactionSql } from 'postgres'
import { defaultRoleNames, withOrganisation, withWorker } from 'schemaway/model'
import { say, table } from './print.js'
import { demo } from './show-campaign.js'

/** Adds a second organisation and shows that, as the application role, neither sees the other. */
export async function showIsolation(sql: Sql): Promise<void> {
  const acme = await createAcme(sql)
  const { app } = defaultRoleNames
  const rows = [
    ['app, for demo', ...(await withOrganisation(sql, { organisationId: demo.organisationId, role: app }, look))],
    ['app, for acme', ...(await withOrganisation(sql, { organisationId: acme, role: app }, look))],
    ['worker', ...(await withWorker(sql, look))],
  ]
  table(['Who', 'sees organisations', 'campaigns', 'contacts'], rows)
  say(`   ${await tryToIntrude(sql, acme)}\n`)
}

async function createAcme(sql: Sql): Promise<string> {
  return await withWorker(sql, async (transaction) => {
    const [row] = await transaction<{ id: string }[]>`
      INSERT INTO iam.organisations (slug, name) VALUES ('acme', 'Acme Ltd') RETURNING id`
    if (row === undefined) throw new Error('the organisation was not created')
    await transaction`
      INSERT INTO survey.campaigns (organisation_id, name, intro_script) VALUES (${row.id}, 'Acme pulse', 'Hello!')`
    return row.id
  })
}

/** The same queries for everybody: none of them names an organisation. */
async function look(transaction: TransactionSql): Promise<readonly string[]> {
  const [seen] = await transaction<{ organisations: string; campaigns: string; contacts: string }[]>`
    SELECT (SELECT string_agg(name, ', ' ORDER BY name DESC) FROM iam.organisations) AS organisations,
           (SELECT count(*) FROM survey.campaigns) AS campaigns,
           (SELECT count(*) FROM survey.contacts) AS contacts`
  return seen === undefined ? [] : [seen.organisations, seen.campaigns, seen.contacts]
}

/** A write into the other organisation is refused by the database itself, whatever the program does. */
async function tryToIntrude(sql: Sql, organisationId: string): Promise<string> {
  try {
    await withOrganisation(sql, { organisationId, role: defaultRoleNames.app }, async (transaction) => {
      await transaction`
        INSERT INTO survey.contacts (organisation_id, campaign_id, phone_number)
        VALUES (${demo.organisationId}, ${demo.campaignId}, '+14155550199')`
    })
    return 'An insert for the other organisation was accepted: that is a defect, please report it.'
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return `acme adds a contact to the campaign of demo: refused (${reason})`
  }
}
