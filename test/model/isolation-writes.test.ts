import assert from 'node:assert/strict'
import { test } from 'node:test'
import postgres, { type Sql, type TransactionSql } from 'postgres'
import { defaultRoleNames } from '../../lib/model/role-names.js'
import { withOrganisation } from '../../lib/model/with-organisation.js'
import { allSchemas } from './bundled-files.js'
import { sqlState } from './model-database.js'
import { type ForeignKey, insertRow, type SampleRow } from './sample-rows.js'
import {
  isGlobal,
  makeTenant,
  modelWithLogins,
  modelWithTenants,
  readAllRows,
  readRelations,
  type Tenant,
  tenantId,
} from './tenant-logins.js'

const { app: appRole } = defaultRoleNames

/** Whether the row's table takes new rows only. */
async function isAppendOnly(sql: Sql, { table }: SampleRow): Promise<boolean> {
  const [row] = await sql`
    SELECT NOT has_table_privilege(${appRole}, ${table}, 'UPDATE, DELETE') AS "isAppendOnly"`
  return row?.['isAppendOnly'] === true
}

async function run(sql: Sql, tenant: Tenant, statement: string): Promise<number> {
  const { organisationId } = tenant
  return await withOrganisation(
    sql,
    { organisationId },
    async (transaction) => (await transaction.unsafe(statement)).count,
  )
}

/** What went wrong, without what the question itself said. */
async function describeFailure(transaction: TransactionSql, row: SampleRow): Promise<string> {
  try {
    await transaction.savepoint(async (part) => {
      await insertRow(part, row)
      await part`SET CONSTRAINTS ALL IMMEDIATE`
    })
  } catch (error) {
    if (!(error instanceof postgres.PostgresError)) throw error
    const { code, message, detail = '', constraint_name: constraint = '' } = error
    return [code, constraint, message, detail.replace(/=\(.*\)/, '')].join(' ')
  }
  return 'accepted'
}

test('no row can be written for another organisation, or for one that does not exist', async (t) => {
  const { admin, app, blue, red } = await modelWithTenants(t)
  const before = await readAllRows(admin, blue)
  for (const owner of [blue.organisationId, tenantId(9)]) {
    const foreign = await makeTenant(admin, { organisationId: owner, name: 'foreign', number: 3 })
    for (const row of foreign.rows) {
      const attempt = withOrganisation(
        app.sql,
        { organisationId: red.organisationId, userId: red.userId },
        async (transaction) => await insertRow(transaction, row),
      )
      await assert.rejects(attempt, sqlState('42501'), `${row.table} for ${owner}`)
    }
  }
  assert.equal(await readAllRows(admin, blue), before)
})

test('UPDATE without a condition changes own rows only, and moves none to another organisation', async (t) => {
  const { admin, app, blue, red } = await modelWithTenants(t)
  const before = await readAllRows(admin, blue)
  const appendOnly: string[] = []
  for (const row of red.rows) {
    const key = isGlobal(row) ? 'id' : 'organisation_id'
    const update = (value: string): Promise<number> => run(app.sql, red, `UPDATE ${row.table} SET ${key} = ${value}`)
    if (await isAppendOnly(admin, row)) {
      await assert.rejects(update(key), sqlState('42501'), row.table)
      appendOnly.push(row.table)
      continue
    }
    // A user is changed by the user alone, and nobody is said to be here.
    assert.equal(await update(key), row.table === 'iam.users' ? 0 : 1, row.table)
    if (row.table === 'iam.users') continue
    for (const other of [blue.organisationId, tenantId(9)]) {
      await assert.rejects(update(`'${other}'`), sqlState('42501'), row.table)
    }
  }
  assert.deepEqual(appendOnly.toSorted(), ['iam.audit_logs', 'notify.delivery_events', 'telephony.call_events'])
  assert.equal(await readAllRows(admin, blue), before)
})

test('DELETE without a condition removes own rows only', async (t) => {
  const { admin, app, blue, red } = await modelWithTenants(t)
  const before = await readAllRows(admin, blue)
  for (const row of red.rows.toReversed()) {
    const remove = (): Promise<number> => run(app.sql, red, `DELETE FROM ${row.table}`)
    if (isGlobal(row) || (await isAppendOnly(admin, row))) {
      await assert.rejects(remove(), sqlState('42501'), row.table)
    } else {
      assert.equal(await remove(), 1, row.table)
    }
  }
  assert.equal(await readAllRows(admin, blue), before)
})

/**
 * Tries every composite key of a tenant's rows: each is pointed to a row of another tenant, and to a row that nobody
 * has. Then the row itself is inserted, because what comes later names it.
 *
 * @returns names of the keys, each of which was refused
 */
async function tryCompositeKeys(
  transaction: TransactionSql,
  { rows }: Tenant,
  other: Tenant,
  nobody: Tenant,
): Promise<readonly string[]> {
  const keys: string[] = []
  for (const row of rows.filter((each) => !isGlobal(each))) {
    for (const key of row.foreignKeys.filter(({ columns }) => columns.length > 1)) {
      const toOther = await describeFailure(transaction, pointTo(row, key, other))
      const toNobody = await describeFailure(transaction, pointTo(row, key, nobody))
      assert.equal(toOther, toNobody, `${row.table} ${key.name}`)
      assert.match(toOther, new RegExp(`^23503 ${key.name} `))
      keys.push(key.name)
    }
    await insertRow(transaction, row)
  }
  return keys
}

test('a composite key to a row of another organisation is refused like a key to nothing, for the worker as well', async (t) => {
  const { admin, app, worker, blue } = await modelWithTenants(t)
  const green = await makeTenant(admin, { organisationId: tenantId(3), name: 'green', number: 3 })
  const yellow = await makeTenant(admin, { organisationId: tenantId(4), name: 'yellow', number: 4 })
  const nobody = await makeTenant(admin, { organisationId: tenantId(9), name: 'nobody', number: 9 })
  for (const row of [...green.rows, ...yellow.rows].filter(isGlobal)) await insertRow(worker.sql, row)
  const byApp = await withOrganisation(
    app.sql,
    { organisationId: green.organisationId },
    async (transaction) => await tryCompositeKeys(transaction, green, blue, nobody),
  )
  // By policy the worker reads and writes the rows of every organisation, without a context, so it does see the row that
  // the key is pointed to. It cannot name it all the same: every composite key contains the organisation.
  const byWorker = await worker.sql.begin(async (transaction) => {
    assert.equal((await transaction`SELECT FROM survey.campaigns`).length, 3)
    return { keys: await tryCompositeKeys(transaction, yellow, blue, nobody) }
  })
  assert.deepEqual(byWorker.keys, byApp)
  const composite = await admin<{ name: string; columns: readonly string[] }[]>`
    SELECT k.conname AS name, ARRAY(
      SELECT a.attname::text FROM pg_attribute AS a WHERE a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey)
    ) AS columns
    FROM pg_constraint AS k
    WHERE k.contype = 'f' AND cardinality(k.conkey) > 1 AND k.conparentid = 0
      AND k.connamespace::regnamespace::text = ANY (string_to_array(${allSchemas.join(',')}, ','))`
  assert.deepEqual(byApp.toSorted(), composite.map(({ name }) => name).toSorted())
  assert.ok(composite.length > 35)
  for (const { name, columns } of composite) assert.ok(columns.includes('organisation_id'), name)
})

/** Columns that must be empty where another one has a value. */
const rivals: Readonly<Record<string, Record<string, null>>> = { message_template_id: { template_id: null } }

/** The row with a key that names a row of the other tenant. Columns before the last may belong to a shorter key, too. */
function pointTo(row: SampleRow, { columns, target, targetColumns }: ForeignKey, { rows }: Tenant): SampleRow {
  const foreign = rows.find(({ table }) => table === target)?.values ?? {}
  const column = columns.at(-1) ?? ''
  return { ...row, values: { ...row.values, ...rivals[column], [column]: foreign[targetColumns.at(-1) ?? ''] } }
}

test('a key of one column names the organisation, or a user, whom organisations share', async (t) => {
  const { admin } = await modelWithLogins(t)
  const keys = await admin<{ name: string; target: string }[]>`
    SELECT conname AS name, confrelid::regclass::text AS target FROM pg_constraint
    WHERE contype = 'f' AND cardinality(conkey) = 1
      AND connamespace::regnamespace::text = ANY (string_to_array(${allSchemas.join(',')}, ','))`
  assert.deepEqual(
    keys.filter(({ name, target }) => target !== 'iam.organisations' || !name.endsWith('_organisation_id')),
    [{ name: 'fk_organisation_users_user_id', target: 'iam.users' }],
  )
})

test('every unique key can hold the same values in two organisations, so that it tells nothing', async (t) => {
  const { admin, app, red, blue } = await modelWithTenants(t, { sameIds: true })
  for (const { organisationId } of [red, blue]) {
    // An email has either of the two, so the rows of all tables hold one only.
    await withOrganisation(
      app.sql,
      { organisationId },
      async (transaction) => await transaction`INSERT INTO notify.tracking_pixels (message_ref) VALUES ('sample')`,
    )
  }
  const indexes = await admin<{ name: string; table: string; columns: string[]; predicate: string | null }[]>`
    SELECT i.indexrelid::regclass::text AS name, i.indrelid::regclass::text AS table,
           pg_get_expr(i.indpred, i.indrelid) AS predicate,
           ARRAY(SELECT pg_get_indexdef(i.indexrelid, k, true) FROM generate_series(1, i.indnkeyatts) AS k) AS columns
    FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
    WHERE i.indisunique AND NOT c.relispartition
      AND c.relnamespace::regnamespace::text = ANY (string_to_array(${allSchemas.join(',')}, ','))
    ORDER BY 1`
  const isShared = ({ table }: { table: string }): boolean => ['iam.organisations', 'iam.users'].includes(table)
  assert.ok(indexes.length > 60)
  for (const { name, table, columns, predicate } of indexes.filter((index) => !isShared(index))) {
    const others = columns.filter((column) => column !== 'organisation_id')
    assert.equal(others.length, columns.length - 1, name)
    const same = others.map((column) => `AND r.${column} = b.${column}`).join(' ')
    const where = predicate ?? 'true'
    const [pair] = await admin.unsafe(
      `SELECT FROM (SELECT * FROM ${table} WHERE ${where}) AS r JOIN (SELECT * FROM ${table} WHERE ${where}) AS b
         ON r.organisation_id = $1 AND b.organisation_id = $2 ${same}`,
      [red.organisationId, blue.organisationId],
    )
    assert.ok(pair, `no two organisations have the same values under ${name}: let the sample rows have them`)
  }
  // What organisations share is unique over all of them. A slug, an address and a login are taken or not, and that can
  // be asked; ids are random.
  assert.deepEqual(
    indexes.filter(isShared).map(({ name }) => name),
    [
      'iam.pk_organisations',
      'iam.pk_users',
      'iam.uq_organisations_slug',
      'iam.uq_users_email',
      'iam.uq_users_oidc_issuer_oidc_sub',
    ],
  )
})

test('without a context nothing can be written', async (t) => {
  const { admin, app, red } = await modelWithTenants(t)
  const before = await readAllRows(admin, red)
  for (const row of red.rows) {
    const { organisation_id: _, ...unnamed } = row.values
    // The row-level check comes before NOT NULL, so nothing is told about the column.
    for (const values of [row.values, unnamed]) {
      await assert.rejects(insertRow(app.sql, { ...row, values }), sqlState('42501'), row.table)
    }
    if (await isAppendOnly(admin, row)) continue
    const key = isGlobal(row) ? 'id' : 'organisation_id'
    assert.equal((await app.sql.unsafe(`UPDATE ${row.table} SET ${key} = '${red.organisationId}'`)).count, 0)
    if (!isGlobal(row)) assert.equal((await app.sql.unsafe(`DELETE FROM ${row.table}`)).count, 0)
  }
  assert.equal(await readAllRows(admin, red), before)
})

test('readonly writes nothing, nobody writes through a view, and nobody truncates', async (t) => {
  const { admin, app, worker, readonly, names, red } = await modelWithTenants(t)
  for (const row of red.rows) {
    const key = isGlobal(row) ? 'id' : 'organisation_id'
    const insert = withOrganisation(
      readonly.sql,
      { organisationId: red.organisationId, userId: red.userId },
      async (transaction) => await insertRow(transaction, row),
    )
    await assert.rejects(insert, sqlState('42501'), row.table)
    for (const statement of [`UPDATE ${row.table} SET ${key} = ${key}`, `DELETE FROM ${row.table}`]) {
      await assert.rejects(run(readonly.sql, red, statement), sqlState('42501'), statement)
    }
  }
  const relations = await readRelations(admin)
  for (const { name } of relations.filter(({ kind }) => kind !== 'view')) {
    for (const { sql } of [app, worker, readonly]) {
      await assert.rejects(run(sql, red, `TRUNCATE ${name} CASCADE`), sqlState('42501'), name)
    }
  }
  for (const { name, kind } of relations) {
    const privileges = kind === 'view' ? 'INSERT, UPDATE, DELETE, TRIGGER' : 'TRUNCATE, REFERENCES, TRIGGER'
    for (const login of Object.values(names)) {
      const [row] = await admin`SELECT has_table_privilege(${login}, ${name}, ${privileges}) AS "isAllowed"`
      assert.deepEqual(row, { isAllowed: false }, `${login} ${name}`)
    }
  }
})
