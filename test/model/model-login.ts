import type { TestContext } from 'node:test'
import type { RoleNames } from '../../lib/model/role-names.js'
import { type TestDatabase, testDatabase } from '../../lib/testing/index.js'
import { type Client, openClient } from './model-database.js'

/** Roles and a login that nobody else uses, in a database of their own. */
interface LoginSetting {
  readonly database: TestDatabase
  readonly roles: RoleNames
  /** The login's name. */
  readonly login: string
  /** Of the login. */
  readonly url: string
  readonly client: Client
  /** Whether the server is 16 or later, where the right to use a role is told apart from membership. */
  readonly isNewer: boolean
}

let settings = 0
const password = 'only for this test'

export async function prepareLogin(t: TestContext, attributes: string, ownsDatabase: boolean): Promise<LoginSetting> {
  const database = await testDatabase(t)
  const roles = ownRoles()
  const login = roles.owner.replace('owner', 'login')
  await database.sql.unsafe(`CREATE ROLE ${login} LOGIN ${attributes} PASSWORD '${password}'`)
  if (ownsDatabase) await database.sql.unsafe(`ALTER DATABASE ${database.name} OWNER TO ${login}`)
  const client = openClient(t, database.url, { name: login, password })
  // After the database is dropped, which was registered before.
  dropRolesAfter(t, database.url, [...Object.values(roles), login])
  const [version] = await database.sql<
    { number: number }[]
  >`SELECT current_setting('server_version_num')::int AS number`
  const isNewer = (version?.number ?? 0) >= 160000
  return { database, roles, login, url: urlOf(database.url, login), client, isNewer }
}

/** A further login for the database of a setting, without any right. */
export async function addLogin(
  t: TestContext,
  { database, login }: LoginSetting,
  suffix: string,
): Promise<{ readonly login: string; readonly url: string }> {
  const name = `${login}_${suffix}`
  await database.sql.unsafe(`CREATE ROLE ${name} LOGIN PASSWORD '${password}'`)
  dropRolesAfter(t, database.url, [name])
  return { login: name, url: urlOf(database.url, name) }
}

function urlOf(url: string, login: string): string {
  const own = new URL(url)
  own.username = login
  own.password = password
  return own.href
}

/** Names of roles that no other test has. */
export function ownRoles(): RoleNames {
  const prefix = `model_${process.pid}_${++settings}`
  return { owner: `${prefix}_owner`, app: `${prefix}_app`, worker: `${prefix}_worker`, readonly: `${prefix}_readonly` }
}

export function dropRolesAfter(t: TestContext, url: string, names: readonly string[]): void {
  const maintenance = new URL(url)
  maintenance.pathname = '/postgres'
  t.after(async () => {
    const { sql } = openClient(t, maintenance.href)
    for (const name of names) await sql.unsafe(`DROP ROLE IF EXISTS ${name}`)
    await sql.end()
  })
}

/** What an administrator has to run, in place of a login that may not. */
export function statementsFor({
  roles,
  login,
  database,
  isNewer,
}: Pick<LoginSetting, 'roles' | 'login' | 'database' | 'isNewer'>): string {
  const { owner, app, worker, readonly } = roles
  return (
    `CREATE ROLE ${owner} NOLOGIN; CREATE ROLE ${app} NOLOGIN; CREATE ROLE ${worker} NOLOGIN; ` +
    `CREATE ROLE ${readonly} NOLOGIN; GRANT ${worker} TO ${owner}${isNewer ? ' WITH INHERIT TRUE' : ''}; ` +
    `GRANT ${owner} TO ${login}; GRANT CREATE, CONNECT ON DATABASE ${database.name} TO ${owner};`
  )
}
