import postgres from 'postgres'

/** One connection, ended after the test even when it fails: an open one would keep the file from ending. */
export function openPool(
  t: { after(fn: () => Promise<void>): void },
  url: string,
  options: postgres.Options<Record<string, postgres.PostgresType>> = {},
): postgres.Sql {
  const sql = postgres(url, { max: 1, onnotice: () => {}, ...options })
  t.after(async () => await sql.end({ timeout: 0 }))
  return sql
}
