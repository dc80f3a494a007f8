import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Sql, TransactionSql } from 'postgres'
import { withOrganisation } from '../../lib/model/with-organisation.js'
import { sqlState } from './model-database.js'
import { modelWithTenants, type Relation, readRelations, type Tenant } from './tenant-logins.js'

/** Organisations whose rows a relation shows, each as often as it has rows. */
async function readOwners(sql: Sql | TransactionSql, { name }: Relation, tenants: readonly Tenant[]): Promise<string> {
  const rows = await sql.unsafe<{ row: Record<string, unknown> }[]>(`SELECT to_jsonb(r) AS row FROM ${name} AS r`)
  const owners = rows.map(({ row }) => {
    const owner = tenants.find(
      ({ organisationId, userId }) =>
        row['organisation_id'] === organisationId ||
        (row['organisation_id'] === undefined && [organisationId, userId].includes(String(row['id']))),
    )
    return owner?.name ?? 'nobody'
  })
  return owners.sort().join()
}

test('app and readonly see the rows of their organisation in every table and view, the worker sees all', async (t) => {
  const { admin, app, worker, readonly, red, blue } = await modelWithTenants(t)
  const tenants = [red, blue]
  const relations = (await readRelations(admin)).filter(({ kind }) => kind !== 'partition')
  assert.ok(relations.filter(({ kind }) => kind === 'view').length >= 12)
  assert.equal(relations.filter(({ kind }) => kind === 'table').length, red.rows.length)
  for (const relation of relations) {
    assert.equal(await readOwners(worker.sql, relation, tenants), 'blue,red', relation.name)
    for (const { sql } of [app, readonly]) {
      for (const { name, organisationId } of tenants) {
        const seen = await withOrganisation(
          sql,
          { organisationId },
          async (transaction) => await readOwners(transaction, relation, tenants),
        )
        assert.equal(seen, name, relation.name)
      }
    }
  }
})

test('without a context nothing is seen anywhere, and a context that is no uuid is refused', async (t) => {
  const { admin, app, readonly, red } = await modelWithTenants(t)
  const relations = (await readRelations(admin)).filter(({ kind }) => kind !== 'partition')
  for (const { sql } of [app, readonly]) {
    const expectNothing = async (): Promise<void> => {
      for (const relation of relations) assert.equal(await readOwners(sql, relation, []), '', relation.name)
    }
    await expectNothing()
    // A setting that was used once is an empty string from then on, not null.
    await withOrganisation(
      sql,
      { organisationId: red.organisationId },
      async (transaction) => await transaction`SELECT`,
    )
    await expectNothing()
    await sql`SELECT set_config('app.organisation_id', 'red', false)`
    await assert.rejects(sql`SELECT FROM survey.campaigns`, sqlState('22P02'))
  }
})

test('a partition can be neither read nor written, whatever the login', async (t) => {
  const { admin, app, worker, readonly, red } = await modelWithTenants(t)
  const partitions = (await readRelations(admin)).filter(({ kind }) => kind === 'partition')
  assert.ok(partitions.some(({ name }) => name.endsWith('_y2026m01')))
  for (const { sql } of [app, worker, readonly]) {
    for (const { name } of partitions) {
      const statements = [
        `SELECT FROM ${name}`,
        `INSERT INTO ${name} (organisation_id) VALUES ('${red.organisationId}')`,
        `UPDATE ${name} SET organisation_id = organisation_id`,
        `DELETE FROM ${name}`,
      ]
      for (const statement of statements) {
        const attempt = withOrganisation(
          sql,
          { organisationId: red.organisationId },
          async (transaction) => await transaction.unsafe(statement),
        )
        await assert.rejects(attempt, sqlState('42501'), statement)
      }
    }
  }
})

test('row-level security cannot be switched off by a login', async (t) => {
  const { admin, app, readonly, red } = await modelWithTenants(t)
  const relations = (await readRelations(admin)).filter(({ kind }) => kind !== 'partition')
  for (const { sql } of [app, readonly]) {
    for (const { name } of relations) {
      const attempt = withOrganisation(sql, { organisationId: red.organisationId }, async (transaction) => {
        await transaction`SET LOCAL row_security = off`
        return await transaction.unsafe(`SELECT FROM ${name}`)
      })
      await assert.rejects(attempt, sqlState('42501'), name)
    }
  }
})

test('a function of the login in a condition is not shown the rows of others', async (t) => {
  const { admin, app, worker, red, blue } = await modelWithTenants(t)
  const relations = (await readRelations(admin)).filter(({ kind }) => kind !== 'partition')
  // So cheap that the planner would ask it first.
  for (const { sql } of [app, worker]) {
    await sql`
      CREATE FUNCTION pg_temp.tell(p_row text) RETURNS boolean LANGUAGE plpgsql COST 0.000001 AS
      $$ BEGIN RAISE NOTICE '%', p_row; RETURN true; END $$`
  }
  const idsOf = ({ rows, organisationId }: Tenant): readonly string[] => [
    organisationId,
    ...rows.flatMap(({ values }) => ('id' in values ? [String(values['id'])] : [])),
  ]
  for (const { name } of relations) {
    const statement = `SELECT FROM ${name} AS r WHERE pg_temp.tell(r::text)`
    const toldBefore = app.notices.length
    await withOrganisation(
      app.sql,
      { organisationId: red.organisationId, userId: red.userId },
      async (transaction) => await transaction.unsafe(statement),
    )
    const told = app.notices.slice(toldBefore).map(({ message }) => String(message))
    assert.equal(told.length, 1, name)
    assert.deepEqual(
      idsOf(blue).filter((id) => told.join().includes(id)),
      [],
      name,
    )
    // The same function does tell of the other organisation when asked by somebody who may see it.
    const workerTold = worker.notices.length
    await worker.sql.unsafe(statement)
    assert.equal(worker.notices.length - workerTold, 2, name)
  }
})
