/** Asks a client of the pooler for all that a session can hold beyond a transaction. */
type Ask = (text: string) => Promise<Record<string, unknown>[]>

/** All of a server connection that the next client would see. */
export interface SessionSnapshot {
  readonly pid: unknown
  /** By name; also those that somebody has made up, as far as they are asked for. */
  readonly settings: Readonly<Record<string, unknown>>
  readonly roles: unknown
  readonly preparedStatements: readonly unknown[]
  readonly channels: readonly unknown[]
  readonly advisoryLocks: readonly unknown[]
  readonly temporaryObjects: readonly unknown[]
  readonly cursors: readonly unknown[]
}

/** A setting that no server knows, as row level security is made of; pg_settings does not list such ones. */
export const ownSetting = 'pooler_test.tenant'

/** Those that nobody lists, the one in which schemaway takes its own note among them. */
const madeUp = [ownSetting, 'schemaway.session']

/** Reads the snapshot of the one server connection of a pool, in a single message. */
export async function readSessionSnapshot(ask: Ask): Promise<SessionSnapshot> {
  const list = (select: string): string =>
    `(SELECT coalesce(jsonb_agg(what ORDER BY what), '[]') FROM (${select}) AS x (what))`
  const [row] = await ask(`SELECT jsonb_build_object(
    'pid', pg_backend_pid(),
    'settings', (SELECT jsonb_object_agg(name, setting) FROM pg_settings)
      || jsonb_build_object(${madeUp.map((name) => `'${name}', nullif(current_setting('${name}', true), '')`).join(', ')}),
    'roles', jsonb_build_array(session_user, current_user),
    'preparedStatements', ${list('SELECT name FROM pg_prepared_statements')},
    'channels', ${list('SELECT pg_listening_channels()')},
    'advisoryLocks', ${list("SELECT classid || ' ' || objid FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()")},
    'temporaryObjects', ${list(
      'SELECT relname::text FROM pg_class WHERE relnamespace = pg_my_temp_schema() ' +
        'UNION ALL SELECT proname::text FROM pg_proc WHERE pronamespace = pg_my_temp_schema() ' +
        'UNION ALL SELECT typname::text FROM pg_type WHERE typnamespace = pg_my_temp_schema() AND typrelid = 0 AND typelem = 0',
    )},
    'cursors', ${list("SELECT name FROM pg_cursors WHERE name <> ''")})::text AS snapshot`)
  return JSON.parse(String(row?.['snapshot'])) as SessionSnapshot
}

/** What differs between two snapshots, one line each. */
export function findDifferences(before: SessionSnapshot, after: SessionSnapshot): readonly string[] {
  const flat = ({ settings, ...rest }: SessionSnapshot): Record<string, unknown> => ({ ...rest, ...settings })
  const [one, other] = [flat(before), flat(after)]
  return [...new Set([...Object.keys(one), ...Object.keys(other)])]
    .map((key) => [key, JSON.stringify(one[key]), JSON.stringify(other[key])])
    .filter(([, was, is]) => was !== is)
    .map(([key, was, is]) => `${key} was ${was} and is ${is}`)
}
