import { randomUUID } from 'node:crypto'
import type { TestContext } from 'node:test'
import postgres from 'postgres'
import type { TestDatabase } from '../../lib/testing/index.js'

/** A login without any right of its own, with a URL to the database. It is dropped when the test is over. */
export async function createLogin(t: TestContext, { url, sql }: TestDatabase): Promise<{ name: string; url: string }> {
  const name = `rights_${randomUUID().slice(0, 8)}`
  await sql.unsafe(`CREATE ROLE ${name} LOGIN PASSWORD 'secret'`)
  // The database is dropped by then, and with it everything the login owned.
  t.after(async () => {
    const elsewhere = postgres(new URL('/postgres', url).href, { max: 1, onnotice: () => {} })
    await elsewhere.unsafe(`DROP ROLE ${name}`)
    await elsewhere.end()
  })
  const login = new URL(url)
  login.username = name
  login.password = 'secret'
  return { name, url: login.href }
}
