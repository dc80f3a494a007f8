import type { TestContext } from 'node:test'
import type { Sql } from 'postgres'
import { readCatalogue } from '../../lib/catalogue/read-catalogue.js'
import { defaultRoleNames } from '../../lib/model/role-names.js'
import { withOrganisation } from '../../lib/model/with-organisation.js'
import { allSchemas } from './bundled-files.js'
import { type Client, modelDatabase, openClient } from './model-database.js'
import { insertRow, makeSampleRows, type SampleRow, type SampleTenant } from './sample-rows.js'

export interface Tenant extends SampleTenant {
  readonly userId: string
  /** One for each table, in the order in which they can be inserted. */
  readonly rows: readonly SampleRow[]
}

/** A database with the complete model, and what services use: logins that are members of the group roles. */
export interface ModelWithLogins {
  readonly url: string
  /** A superuser, whom row-level security does not bind. */
  readonly admin: Sql
  readonly app: Client
  readonly worker: Client
  readonly readonly: Client
  /** Names of the logins. */
  readonly names: Readonly<Record<'app' | 'worker' | 'readonly', string>>
}

export interface ModelWithTenants extends ModelWithLogins {
  readonly red: Tenant
  readonly blue: Tenant
}

export const password = 'only for this test'
let databases = 0

export async function modelWithLogins(t: TestContext): Promise<ModelWithLogins> {
  const { url, sql: admin } = await modelDatabase(t)
  const prefix = `isolation_${process.pid}_${++databases}`
  const open = async (name: string, role: string): Promise<Client> => {
    await admin.unsafe(`CREATE ROLE ${name} LOGIN PASSWORD '${password}' IN ROLE ${role}`)
    return openClient(t, url, { name, password })
  }
  const names = { app: `${prefix}_app`, worker: `${prefix}_worker`, readonly: `${prefix}_readonly` }
  const maintenance = new URL(url)
  maintenance.pathname = '/postgres'
  // After the database is dropped, which was registered before.
  t.after(async () => {
    const { sql } = openClient(t, maintenance.href)
    for (const name of Object.values(names)) await sql.unsafe(`DROP ROLE IF EXISTS ${name}`)
    await sql.end()
  })
  return {
    url,
    admin,
    names,
    app: await open(names.app, defaultRoleNames.app),
    worker: await open(names.worker, defaultRoleNames.worker),
    readonly: await open(names.readonly, defaultRoleNames.readonly),
  }
}

/**
 * The same with a row in every table for each of two organisations. Their rows are equal but for their ids, unless
 * `sameIds` makes these equal, too.
 */
export async function modelWithTenants(t: TestContext, { sameIds = false } = {}): Promise<ModelWithTenants> {
  const model = await modelWithLogins(t)
  for (const table of await partitionedTables(model.admin)) {
    await model.worker.sql`SELECT iam.ensure_month_partitions(${table}, '2026-01-01', 0)`
  }
  const red = await makeTenant(model.admin, { organisationId: tenantId(1), name: 'red', number: 1 })
  const blue = await makeTenant(model.admin, {
    organisationId: tenantId(2),
    name: 'blue',
    number: sameIds ? 1 : 2,
  })
  await addTenant(model, red)
  await addTenant(model, blue)
  return { ...model, red, blue }
}

export function tenantId(number: number): string {
  return `00000000-0000-7000-8000-${String(number).padStart(12, '0')}`
}

export async function makeTenant(sql: Sql, sample: SampleTenant): Promise<Tenant> {
  const rows = await makeSampleRows(sql, allSchemas, sample)
  const user = rows.find(({ table }) => table === 'iam.users')
  return { ...sample, rows, userId: String(user?.values['id']) }
}

/** The worker lets organisation and user in, the application writes all the rest. */
async function addTenant({ app, worker, admin }: ModelWithLogins, { rows, organisationId }: Tenant): Promise<void> {
  for (const row of rows.filter(isGlobal)) {
    const [found] = await admin.unsafe(`SELECT FROM ${row.table} WHERE id = $1`, [String(row.values['id'])])
    if (found === undefined) await insertRow(worker.sql, row)
  }
  await withOrganisation(app.sql, { organisationId }, async (transaction) => {
    for (const row of rows.filter((each) => !isGlobal(each))) await insertRow(transaction, row)
  })
}

export interface Relation {
  /** Qualified by its schema. */
  readonly name: string
  readonly kind: 'table' | 'partition' | 'view'
}

/** Every table, partition and view of the model. */
export async function readRelations(sql: Sql): Promise<readonly Relation[]> {
  const { tables, views } = await readCatalogue(sql, allSchemas)
  return [
    ...tables.map(({ name, partitionOf }) => ({ name, kind: partitionOf === null ? 'table' : 'partition' }) as const),
    ...views.map(({ name }) => ({ name, kind: 'view' }) as const),
  ]
}

/** Whether all organisations share the table of the row. */
export function isGlobal({ values }: SampleRow): boolean {
  return !('organisation_id' in values)
}

async function partitionedTables(sql: Sql): Promise<readonly string[]> {
  const tables = await sql<{ name: string }[]>`
    SELECT c.oid::regclass::text AS name FROM pg_class AS c
    WHERE c.relkind = 'p' AND c.relnamespace::regnamespace::text = ANY (string_to_array(${allSchemas.join(',')}, ','))`
  return tables.map(({ name }) => name)
}

/**
 * All rows of a tenant as text, with the transactions that wrote them: equal texts mean that nothing was touched.
 *
 * @param sql a superuser's client
 */
export async function readAllRows(sql: Sql, { organisationId, rows, userId }: Tenant): Promise<string> {
  const parts = rows.map(({ table, values }) => {
    const condition = `${'organisation_id' in values ? 'organisation_id' : 'id'} IN ('${organisationId}', '${userId}')`
    return `SELECT '${table}' AS name, r.xmin::text || ' ' || to_jsonb(r)::text AS row FROM ${table} AS r WHERE ${condition}`
  })
  const found = await sql.unsafe<{ name: string; row: string }[]>(`${parts.join(' UNION ALL ')} ORDER BY name, row`)
  return found.map(({ name, row }) => `${name} ${row}`).join('\n')
}
