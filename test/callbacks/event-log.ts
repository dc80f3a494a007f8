import type { TestContext } from 'node:test'
import type { Sql } from 'postgres'
import { callbackEvents } from '../../lib/callbacks/callback-events.js'
import { testDatabase } from '../../lib/testing/index.js'
import { type ScriptFolder, writeScripts } from '../support/write-scripts.js'

/** A database in which callbacks write down that they ran, in a schema that `clean()` leaves alone. */
export interface EventLog {
  readonly url: string
  readonly sql: Sql
  readonly folder: ScriptFolder
  readonly locations: string
  /** What was written down since the last call, in order. */
  read(): Promise<readonly string[]>
}

/** Two migrations, the first of two statements, the second of one. */
export const versionedScripts = {
  'V1__a.sql': 'CREATE TABLE a (i int);\nINSERT INTO a VALUES (1);',
  'V2__b.sql': 'CREATE TABLE b (i int);',
}

/** The same and a repeatable one, of one statement. */
export const scripts = { ...versionedScripts, 'R__r.sql': 'SELECT 1;' }

/** What Flyway fires before any command that changes something. */
export const start = ['afterConnect', 'beforeValidate', 'afterValidate', 'createSchema', 'beforeCreateSchema']

const statement = ['beforeEachMigrateStatement', 'afterEachMigrateStatement']

/** What Flyway fires for a migration. */
export function each(statements: number): readonly string[] {
  const ofStatements = Array.from({ length: statements }, () => statement).flat()
  return ['beforeEachMigrate', ...ofStatements, 'afterEachMigrate']
}

/** What Flyway fires at the end of a `migrate()` that applied something. */
export const finish = ['afterMigrateApplied', 'afterMigrate', 'afterMigrateOperationFinish']

/** What Flyway fires in a `migrate()` that applies {@link scripts}. */
export const firstMigrate = [
  ...start,
  'beforeMigrate',
  ...each(2),
  ...each(1),
  'afterVersioned',
  'beforeRepeatables',
  ...each(1),
  ...finish,
]

/** SQL that writes an entry. */
export function note(entry: string): string {
  return `INSERT INTO logs.log (entry) VALUES ('${entry}');\n`
}

/** A callback for every event. */
export const allCallbacks: Readonly<Record<string, string>> = Object.fromEntries(
  callbackEvents.map((event) => [`${event}.sql`, note(event)]),
)

/**
 * Holds a table against everybody once it resolves.
 *
 * @returns what lets go of it.
 */
export async function holdTable(sql: Sql, table: string): Promise<() => void> {
  let release = (): void => {}
  await new Promise<void>((resolve, reject) => {
    sql
      .begin(async (own) => {
        await own`LOCK TABLE ${own(table)}`
        resolve()
        await new Promise<void>((letGo) => (release = letGo))
      })
      .catch(reject)
  })
  return () => release()
}

export async function eventLog(t: TestContext, files: Readonly<Record<string, string>>): Promise<EventLog> {
  const { url, sql } = await testDatabase(t)
  await sql.unsafe('CREATE SCHEMA logs; CREATE TABLE logs.log (id serial, entry text)').simple()
  const folder = writeScripts(t, files)
  const read = async (): Promise<readonly string[]> => {
    const rows = await sql<
      { entry: string }[]
    >`WITH gone AS (DELETE FROM logs.log RETURNING *) SELECT entry FROM gone ORDER BY id`
    return rows.map(({ entry }) => entry)
  }
  return { url, sql, folder, locations: folder.directory, read }
}
