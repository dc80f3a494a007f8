import postgres from 'postgres'
import type { TestServer } from 'schemaway/testing'

async function withClient<Result>(url: string, work: (sql: postgres.Sql) => Promise<Result>): Promise<Result> {
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  try {
    return await work(sql)
  } finally {
    await sql.end()
  }
}

/** Names of the roles that the server has. */
export async function listRoles(url: string): Promise<ReadonlySet<string>> {
  return await withClient(url, async (sql) => {
    const rows = await sql<{ rolname: string }[]>`SELECT rolname FROM pg_roles WHERE rolname LIKE 'schemaway%'`
    return new Set(rows.map((row) => row.rolname))
  })
}

/** Roles belong to the whole server: those that this run made go, unless the server goes with them. */
export async function dropNewRoles(server: TestServer, before: ReadonlySet<string>): Promise<void> {
  if (server.kind === 'embedded') return
  await withClient(server.url, async (sql) => {
    for (const role of await listRoles(server.url)) {
      if (!before.has(role)) await sql`DROP ROLE IF EXISTS ${sql(role)}`
    }
  })
}
