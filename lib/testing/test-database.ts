import type { TestDatabase } from './create-database.js'
import { startPostgres } from './start-postgres.js'
import type { TestServer } from './test-server.js'

/** The part of a `node:test` context that is needed; `{ after }` from `node:test` itself serves a whole suite. */
export interface TestContext {
  after(fn: () => Promise<void>): void
  /** Title of the test. Not used yet: the place for the message about a failed test whose database is kept. */
  readonly name?: string
}

export interface TestDatabaseOptions {
  /** Default: one server for all tests of this process, from {@link startPostgres} without options. */
  readonly server?: TestServer | undefined
  /** Name of a database of that server to copy; see {@link TestServer.createDatabase}. Default: none, so it is empty. */
  readonly template?: string | undefined
}

let shared: Promise<TestServer> | null = null

/**
 * Gives a test of `node:test` a fresh database, empty or a copy of `template`, and drops it when the test is over.
 *
 * All calls in a process share one server. It starts at the first call and ends with the process.
 *
 * @throws SchemawayError as {@link startPostgres} and {@link TestServer.createDatabase} do
 * @example
 * test('registers a user', async (t) => {
 *   const { url, sql } = await testDatabase(t)
 *   await migrate({ url })
 *   await sql`INSERT INTO iam.users ...`
 * })
 */
export async function testDatabase(t: TestContext, options: TestDatabaseOptions = {}): Promise<TestDatabase> {
  const server = options.server ?? (await useSharedServer())
  const database = await server.createDatabase({ template: options.template })
  t.after(async () => await database.drop())
  return database
}

function useSharedServer(): Promise<TestServer> {
  shared ??= startPostgres()
  return shared
}
