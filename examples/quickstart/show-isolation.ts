import type { Sql } from 'postgres'
import { defaultRoleNames, withOrganisation, withWorker } from 'schemaway/model'
import { say, table } from './print.js'

/** Makes two organisations and shows that, as the application role, neither sees the other. */
export async function showIsolation(sql: Sql): Promise<void> {
  const acme = await createOrganisation(sql, 'acme', 'Acme Ltd')
  const globex = await createOrganisation(sql, 'globex', 'Globex SpA')
  const rows: string[][] = []
  for (const [name, organisationId] of [
    ['acme', acme],
    ['globex', globex],
  ] as const) {
    const seen = await withOrganisation(sql, { organisationId, role: defaultRoleNames.app }, async (transaction) => {
      const organisations = await transaction<{ name: string }[]>`SELECT name FROM iam.organisations ORDER BY name`
      const keys = await transaction<{ name: string }[]>`SELECT name FROM iam.api_keys ORDER BY name`
      return { organisations: organisations.map((row) => row.name), keys: keys.map((row) => row.name) }
    })
    rows.push([`app, for ${name}`, seen.organisations.join(', '), seen.keys.join(', ')])
  }
  const all = await withWorker(sql, async (transaction) => {
    return await transaction<{ name: string }[]>`SELECT name FROM iam.organisations ORDER BY name`
  })
  rows.push(['worker', all.map((row) => row.name).join(', '), ''])
  table(['Who', 'sees organisations', 'sees API keys'], rows)
  say(`   ${await tryToIntrude(sql, acme, globex)}\n`)
}

async function createOrganisation(sql: Sql, slug: string, name: string): Promise<string> {
  return await withWorker(sql, async (transaction) => {
    const [row] = await transaction<{ id: string }[]>`
      INSERT INTO iam.organisations (slug, name) VALUES (${slug}, ${name}) RETURNING id`
    if (row === undefined) throw new Error('the organisation was not created')
    await transaction`
      INSERT INTO iam.api_keys (organisation_id, name, key_prefix, key_hash)
      VALUES (${row.id}, ${`key of ${slug}`}, ${`${slug}_key`}, sha256(${Buffer.from(slug)}))`
    return row.id
  })
}

/** A write into the other organisation is refused by the database itself, whatever the program does. */
async function tryToIntrude(sql: Sql, organisationId: string, other: string): Promise<string> {
  try {
    await withOrganisation(sql, { organisationId, role: defaultRoleNames.app }, async (transaction) => {
      await transaction`
        INSERT INTO iam.api_keys (organisation_id, name, key_prefix, key_hash)
        VALUES (${other}, 'stolen', 'stolen', sha256('x'))`
    })
    return 'An insert for the other organisation was accepted: that is a defect, please report it.'
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return `acme inserts a key for globex: refused (${reason})`
  }
}
