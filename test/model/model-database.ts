import { after, type TestContext } from 'node:test'
import postgres from 'postgres'
import type { RoleNames } from '../../lib/model/role-names.js'
import type { BundledModuleName } from '../../lib/modules/bundled.js'
import { type TestDatabase, testDatabase } from '../../lib/testing/index.js'
import { type BundledFile, runFiles, upFiles } from './bundled-files.js'

/** Two organisations; each has a member of its own, and both have the user `shared`. */
export const ids = {
  red: '00000000-0000-7000-8000-00000000000a',
  blue: '00000000-0000-7000-8000-00000000000b',
  redMember: '00000000-0000-7000-8000-0000000000a1',
  blueMember: '00000000-0000-7000-8000-0000000000b1',
  shared: '00000000-0000-7000-8000-0000000000c1',
} as const

export interface Client {
  readonly sql: postgres.Sql
  /** Messages of the server below an error, oldest first. */
  readonly notices: readonly postgres.Notice[]
}

/** Opens a client of one connection, and closes it when the test is over. */
export function openClient(
  t: TestContext,
  url: string,
  login?: { readonly name: string; readonly password: string },
): Client {
  const target = new URL(url)
  if (login !== undefined) {
    target.username = login.name
    target.password = login.password
  }
  const notices: postgres.Notice[] = []
  const sql = postgres(target.href, { max: 1, fetch_types: false, onnotice: (notice) => void notices.push(notice) })
  t.after(async () => await sql.end({ timeout: 1 }))
  return { sql, notices }
}

/** Gives a test a database with modules and the links between them, made by their files. Default: all of them. */
export async function modelDatabase(
  t: TestContext,
  modules?: readonly BundledModuleName[],
  roleNames?: RoleNames,
): Promise<TestDatabase> {
  // A template with roles of its own would keep the test from dropping them.
  if (roleNames !== undefined) return await makeDatabase(t, modules, roleNames)
  const template = await findTemplate(modules)
  const database = await testDatabase(t, { template: template.name })
  // Rights on the database itself are not copied; the first file gives them again.
  await installOn(database.url, upFiles(['iam']).slice(0, 1))
  return database
}

const templates = new Map<string, Promise<TestDatabase>>()
const endings: (() => Promise<void>)[] = []
// Registered here, since a hook that is registered while a test runs belongs to that test.
after(async () => {
  for (const end of endings) await end()
})

/** Copying a database costs a tenth of making it, and many tests of one file want the same. */
async function findTemplate(modules: readonly BundledModuleName[] | undefined): Promise<TestDatabase> {
  const key = JSON.stringify(modules ?? null)
  const template = templates.get(key) ?? makeDatabase({ after: (end) => void endings.push(end) }, modules)
  templates.set(key, template)
  return await template
}

async function makeDatabase(
  t: Parameters<typeof testDatabase>[0],
  modules?: readonly BundledModuleName[],
  roleNames?: RoleNames,
): Promise<TestDatabase> {
  const database = await testDatabase(t)
  await installOn(database.url, upFiles(modules, roleNames))
  return database
}

async function installOn(url: string, files: readonly BundledFile[]): Promise<void> {
  const sql = postgres(url, { max: 1, fetch_types: false, onnotice: () => {} })
  try {
    await runFiles(sql, files)
  } finally {
    await sql.end({ timeout: 1 })
  }
}

/** The same with {@link ids two organisations}. */
export async function tenantDatabase(t: TestContext, modules?: readonly BundledModuleName[]): Promise<TestDatabase> {
  const database = await modelDatabase(t, modules)
  const { red, blue, redMember, blueMember, shared } = ids
  await database.sql`
    INSERT INTO iam.organisations (id, slug, name) VALUES (${red}, 'red', 'Red'), (${blue}, 'blue', 'Blue')`
  await database.sql`
    INSERT INTO iam.users (id, email, name, oidc_issuer, oidc_sub) VALUES
      (${redMember}, 'red@example.org', 'Rita', 'https://login.example', 'rita'),
      (${blueMember}, 'blue@example.org', 'Bob', 'https://login.example', 'bob'),
      (${shared}, 'shared@example.org', 'Sam', 'https://login.example', 'sam')`
  await database.sql`
    INSERT INTO iam.organisation_users (organisation_id, user_id, role) VALUES
      (${red}, ${redMember}, 'admin'), (${blue}, ${blueMember}, 'admin'),
      (${red}, ${shared}, 'viewer'), (${blue}, ${shared}, 'viewer')`
  return database
}

/** Matches an error of the server by its SQLSTATE. */
export function sqlState(code: string): (error: unknown) => boolean {
  return (error) => error instanceof postgres.PostgresError && error.code === code
}
