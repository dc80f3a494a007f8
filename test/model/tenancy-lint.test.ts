import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import type { Sql } from 'postgres'
import { defaultRoleNames } from '../../lib/model/role-names.js'
import { allSchemas } from './bundled-files.js'
import { modelDatabase } from './model-database.js'
import { acceptedFindings } from './tenancy-lint/accepted-findings.js'
import { badObjects, badOptions } from './tenancy-lint/bad-objects.js'
import { lintTenancy, tenancyRules } from './tenancy-lint/lint-tenancy.js'
import type { TenancyFinding, TenancyOptions } from './tenancy-lint/tenancy-rule.js'

const { owner, app, worker, readonly } = defaultRoleNames

const bundledOptions: TenancyOptions = {
  schemas: allSchemas,
  tenantColumn: 'organisation_id',
  tenantFunction: 'iam.current_organisation_id()',
  registry: 'iam.organisations',
  globalTables: ['iam.users'],
  applicationRoles: [app, worker, readonly],
  workerRole: worker,
}

test('the tenancy rules find nothing in the complete model that is not accepted for a reason', async (t) => {
  const { sql } = await modelDatabase(t)
  const found = await lintTenancy(sql, bundledOptions)
  const accepted = acceptedFindings.flatMap(({ code, objects }) => objects.map((object) => `${code} ${object}`))
  assert.deepEqual(
    found.filter((finding) => !accepted.includes(inShort(finding))),
    [],
    'every finding is accepted',
  )
  const occurring = new Set(found.map(inShort))
  assert.deepEqual(
    accepted.filter((finding) => !occurring.has(finding)),
    [],
    'everything accepted still occurs',
  )
  assert.equal(new Set(accepted).size, accepted.length)
})

test('the tenancy rules find every object that breaks one, and nothing in its neighbours', async (t) => {
  const { sql } = await modelDatabase(t)
  await sql.begin(async (transaction) => {
    await transaction.unsafe(`SET LOCAL ROLE ${owner}; CREATE SCHEMA bad`).simple()
    for (const { statements } of badObjects) await transaction.unsafe(statements.join(';\n')).simple()
  })
  await sql`UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'bad.broken'::regclass`
  await withBadRole(sql, async (role) => {
    const options: TenancyOptions = {
      ...bundledOptions,
      ...badOptions,
      applicationRoles: [app, worker, readonly, role],
    }

    await t.test('each bad object is found, and no other', async () => {
      const found = await lintTenancy(sql, options)
      const short = new Set(found.map(inShort))
      for (const { what, expected } of badObjects) {
        assert.deepEqual(
          expected.filter((finding) => !short.has(finding)),
          [],
          what,
        )
      }
      const expected = new Set([...badObjects.flatMap((object) => object.expected), `R01 ${role}`])
      assert.deepEqual(
        found.filter((finding) => !expected.has(inShort(finding))),
        [],
      )
    })

    await t.test('no rule is without an object that breaks it', async () => {
      for (const rule of tenancyRules) {
        const found = await lintTenancy(sql, options, [rule])
        assert.ok(found.length > 0, `${rule.code} ${rule.severity}: ${rule.query}`)
      }
    })
  })
})

/** Makes a role that no application should use: no policy holds it, it may become the owner, and it owns a table. */
async function withBadRole(sql: Sql, use: (role: string) => Promise<void>): Promise<void> {
  const role = `lint_${randomUUID().replaceAll('-', '_')}`
  await sql.unsafe(`CREATE ROLE ${role} BYPASSRLS NOINHERIT IN ROLE ${owner}`)
  try {
    await sql.unsafe(`ALTER TABLE bad.owned OWNER TO ${role}`)
    await use(role)
  } finally {
    await sql.unsafe(`ALTER TABLE bad.owned OWNER TO ${owner}`)
    await sql.unsafe(`DROP ROLE ${role}`)
  }
}

function inShort({ code, object }: TenancyFinding): string {
  return `${code} ${object}`
}
