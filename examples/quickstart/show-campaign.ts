import type { Sql } from 'postgres'
import { defaultRoleNames, withOrganisation } from 'schemaway/model'
import { say, table } from './print.js'

/** What the demo seeds bring. */
export const demo = {
  organisationId: '00000000-0000-4000-8000-000000000001',
  campaignId: '00000000-0000-4000-8000-000000000301',
} as const

const { organisationId, campaignId } = demo

interface Contact {
  readonly full_name: string
  readonly has_prior_consent: boolean
  readonly do_not_call: boolean
  readonly state: string
  readonly locked_by: string | null
}

/** Shows the campaign of the demo, then starts it and lets the dial loop choose whom to call. */
export async function showCampaign(sql: Sql): Promise<void> {
  await withOrganisation(sql, { organisationId, role: defaultRoleNames.app }, async (transaction) => {
    const [campaign] = await transaction<
      { name: string; status: string; total: string; questions: readonly string[] }[]
    >`
      SELECT p.name, p.status, p.contacts_total AS total,
             ARRAY[s.question_1_text, s.question_2_text, s.question_3_text] AS questions
      FROM survey.v_campaign_progress AS p JOIN survey.v_campaign_script AS s USING (organisation_id, campaign_id)`
    if (campaign === undefined) throw new Error('the demo campaign is missing')
    say(`   "${campaign.name}" (${campaign.status}), ${campaign.total} contacts:`)
    say(`   ${campaign.questions.join(' ')}\n`)

    await transaction`UPDATE survey.campaigns SET status = 'running' WHERE id = ${campaignId}`
    await transaction`SELECT survey.claim_due_contacts(${organisationId}, ${campaignId}, 'dialler-1', p_at => ${nextTuesday()})`
    const contacts = await transaction<Contact[]>`
      SELECT full_name, has_prior_consent, do_not_call, state, locked_by FROM survey.contacts ORDER BY id`
    table(
      ['Contact', 'State', 'The dial loop, next Tuesday at ten'],
      contacts.map((contact) => [contact.full_name, contact.state, describe(contact)]),
    )
  })
}

function describe({ has_prior_consent, do_not_call, locked_by }: Contact): string {
  if (locked_by !== null) return `leased to ${locked_by}`
  if (do_not_call) return 'never calls: do not call'
  return has_prior_consent ? 'waits' : 'leaves alone: no consent'
}

/** A moment that is inside the calling hours of the demo, whenever this runs. */
function nextTuesday(): Date {
  const now = new Date()
  const days = ((2 - now.getUTCDay() + 6) % 7) + 1
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate() + days, 10))
}
