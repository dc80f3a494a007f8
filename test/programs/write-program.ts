import { writeScripts } from '../support/write-scripts.js'

export const createTable = { 'V1__a.sql': 'CREATE TABLE a (id integer PRIMARY KEY, name text);' }

/** A folder with a table `a (id, name)` and a migration `V2__b.mjs` with this as the body of its `up`. */
export function writeProgram(t: Parameters<typeof writeScripts>[0], up: string, more = '') {
  return writeScripts(t, { ...createTable, 'V2__b.mjs': programOf(up, more) })
}

export function programOf(up: string, more = ''): string {
  return `export async function up({ sql, savepoint, progress, signal, attempt, backfill }) {\n${up}\n}\n${more}\n`
}
