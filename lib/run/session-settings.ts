import type { PlannedScript } from '../plan/plan.js'

/** Milliseconds after which the server looks whether we are still there. */
const connectionCheckInterval = 500

/** What every migration can rely on, by name of the setting. */
export type SessionSettings = ReadonlyMap<string, string>

/**
 * Settings of the session that runs migrations.
 *
 * `client_connection_check_interval` makes the server stop the work of a process that was killed; without it a statement
 * under way, and the COMMIT behind it, would still run. Strings are read by the standard, whatever the database says.
 */
export function sessionSettings(options: {
  readonly lockTimeout: number
  readonly statementTimeout: number
}): SessionSettings {
  return new Map([
    ['lock_timeout', String(options.lockTimeout)],
    ['statement_timeout', String(options.statementTimeout)],
    ['idle_in_transaction_session_timeout', '0'],
    ['idle_session_timeout', '0'],
    // From PostgreSQL 17 on; it would end the session in the middle of a long migration.
    ['transaction_timeout', '0'],
    ['standard_conforming_strings', 'on'],
    ['client_connection_check_interval', String(connectionCheckInterval)],
  ])
}

/** Asks to what RESET ALL takes the settings. */
export function readResetValuesSql(settings: SessionSettings): string {
  const defaults = ['default_transaction_isolation', 'default_transaction_read_only']
  const names = [...settings.keys(), ...defaults].map((name) => `'${name}'`).join(', ')
  return `SELECT name, reset_val AS value FROM pg_catalog.pg_settings WHERE name IN (${names})`
}

/** As {@link settingsStatements}, for one transaction, whatever the session was left with. */
export function localSettingsStatements(
  settings: SessionSettings,
  resetValues: ReadonlyMap<string, string>,
): readonly string[] {
  return [...settings].flatMap(([name, value]) => (resetValues.has(name) ? [`SET LOCAL ${name} = ${value}`] : []))
}

/** SETs for those settings that RESET ALL does not bring to the wanted value by itself. */
export function settingsStatements(
  settings: SessionSettings,
  resetValues: ReadonlyMap<string, string>,
): readonly string[] {
  return [...settings].flatMap(([name, value]) => {
    const resetValue = resetValues.get(name)
    // A server that does not know a setting needs none.
    return resetValue === undefined || resetValue === value ? [] : [`SET ${name} = ${value}`]
  })
}

/**
 * Undoes what a script did to its session, but keeps the session's lock, which DISCARD ALL would release.
 *
 * It is DISCARD ALL without the locks; without the plans, which are no state that a script could see; and without the role,
 * which is reset before history is written.
 *
 * It stands at the end of each message and not at the beginning of the next: the server splits a message into statements
 * before it runs the first, so a setting such as `standard_conforming_strings` that an earlier script left behind would
 * already have changed how the next one is read.
 */
export const resetStatements = [
  'CLOSE ALL',
  'RESET ALL',
  'DEALLOCATE ALL',
  'UNLISTEN *',
  'DISCARD TEMP',
  'DISCARD SEQUENCES',
] as const

/** A function of the user's could do anything to the session, also in an expression of an index or a column. */
const mayCallFunctions =
  /\b(SELECT|USING|EXECUTE|CHECK|VALUES|WHERE|GENERATED\s+ALWAYS\s+AS\s*\(|DEFAULT\s*[^,;]*\()|[(,]\s*[\w."]+\s*\(|\bpg_temp/i
const tableDefinitions = /^((CREATE|ALTER|DROP) (TABLE|INDEX)|CREATE UNIQUE INDEX|COMMENT ON)\b/

/**
 * Whether a script only defines tables and indexes, so that it cannot have touched role or session: the settings are reset always;
 * cursors, prepared statements, channels, temporary objects and sequences only where a statement could have touched them. Defining
 * tables and indexes cannot, unless it calls functions.
 */
export function onlyDefinesTables(script: PlannedScript): boolean {
  const known = definingTables.get(script)
  if (known !== undefined) return known
  const result = findNothingElse(script)
  definingTables.set(script, result)
  return result
}

/** Asked several times of each script, whose text may be long. */
const definingTables = new WeakMap<PlannedScript, boolean>()

function findNothingElse({ parsed, program, hook }: PlannedScript): boolean {
  // Of a big script it is not worth a look.
  if (program !== undefined || hook !== undefined || parsed.pieces !== undefined) return false
  const { statements, text } = parsed
  return statements.every(({ keywords }) => tableDefinitions.test(keywords.join(' '))) && !mayCallFunctions.test(text)
}

/** Opens a transaction in which history can be written, whatever the defaults of the session are. */
export const beginReadWrite = 'BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE'

/** As {@link beginReadWrite}, in as few words as the defaults of login and database allow. */
export function beginStatement(resetValues: ReadonlyMap<string, string>): string {
  const isPlain =
    resetValues.get('default_transaction_isolation') === 'read committed' &&
    resetValues.get('default_transaction_read_only') === 'off'
  return isPlain ? 'BEGIN' : beginReadWrite
}
