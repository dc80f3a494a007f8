import assert from 'node:assert/strict'
import type { Sql } from 'postgres'
import { bundled } from '../../lib/index.js'
import { type TestContext, testDatabase } from '../../lib/testing/index.js'
import type { Outcome } from './run-program.js'

/** What the programs print as the last line. */
interface ServiceReport {
  readonly migrations: readonly string[]
  /** What keeps the process alive after its last command, in Node's words. */
  readonly resources: readonly string[]
}

/**
 * Lets a consumer migrate a fresh database, migrate it again, and roll it back to empty, each in a process of its own,
 * and looks at the database in between.
 *
 * @param run starts the consumer's program with a command, `migrate` or `rollback`, and the database in DATABASE_URL
 */
export async function expectRoundTrip(
  t: TestContext,
  run: (command: string, environment: { readonly DATABASE_URL: string }) => Promise<Outcome>,
): Promise<void> {
  const { url, sql } = await testDatabase(t)
  const call = async (command: string): Promise<readonly string[]> =>
    readReport(await run(command, { DATABASE_URL: url })).migrations

  const applied = await call('migrate')
  const tables = await listTables(sql)
  for (const { name, schemas } of bundled) {
    assert.ok(
      applied.some((script) => script.startsWith(`${name}/`)),
      `nothing of module ${name} was applied: ${applied}`,
    )
    for (const schema of schemas) {
      assert.ok(
        tables.some((table) => table.startsWith(`${schema}.`)),
        `no table in schema ${schema}: ${tables}`,
      )
    }
  }
  assert.ok(tables.includes('public.flyway_schema_history'), `no history: ${tables}`)

  assert.deepEqual(await call('migrate'), [], 'the second migrate() found something to do')

  const undone = await call('rollback')
  assert.ok(undone.length > 0, 'nothing was undone')
  const left = (await listTables(sql)).filter((table) => !table.startsWith('public.'))
  assert.deepEqual(left, [], 'tables are left after the rollback to empty')
}

/** Reads the report of a program that has to have ended well, without a word on standard error. */
export function readReport({ code, stdout, stderr }: Outcome): ServiceReport {
  assert.equal(stderr, '', 'the process wrote to standard error')
  assert.equal(code, 0, stdout)
  const report: ServiceReport = JSON.parse(stdout.trim().split('\n').at(-1) ?? '')
  const alive = report.resources.filter((resource) => !/^(Pipe|TTY|File|FSReq)/.test(resource))
  assert.deepEqual(alive, [], 'something keeps the process alive')
  return report
}

async function listTables(sql: Sql): Promise<readonly string[]> {
  const rows = await sql<{ name: string }[]>`
    SELECT schemaname || '.' || tablename AS name FROM pg_tables
    WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1`
  return rows.map(({ name }) => name)
}
