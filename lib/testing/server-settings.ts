import { SchemawayError } from '../errors/schemaway-error.js'

/** Settings that place the server; {@link startPostgres} decides them. */
const reserved: ReadonlySet<string> = new Set([
  'port',
  'unix_socket_directories',
  'data_directory',
  'hba_file',
  'config_file',
  'external_pid_file',
])

/**
 * Text that is appended to a test server's `postgresql.conf`. The defaults give up everything that protects data from
 * a crash of the machine, which no test survives anyway; they are for servers that we start ourselves and no others.
 */
export function writeServerSettings(
  place: { readonly major: number; readonly port: number; readonly directory: string },
  settings: Readonly<Record<string, string>>,
): string {
  const all: Record<string, string> = {
    fsync: 'off',
    full_page_writes: 'off',
    synchronous_commit: 'off',
    wal_level: 'minimal',
    max_wal_senders: '0',
    max_wal_size: '256MB',
    max_connections: '200',
    shared_buffers: '64MB',
    jit: 'off',
    // A worker that happens to visit a database delays its DROP by 100 ms, and plans would change by the minute.
    autovacuum: 'off',
    max_logical_replication_workers: '0',
    shared_preload_libraries: '',
    ...(place.major >= 18 && { io_method: 'sync' }),
    listen_addresses: '127.0.0.1',
    ...checkSettings(settings),
    port: String(place.port),
    unix_socket_directories: `"${place.directory}"`,
  }
  return Object.entries(all).reduce((text, [name, value]) => `${text}${name} = ${quote(value)}\n`, '\n')
}

/** Names of settings do not depend on case; the last one in the file counts. */
function checkSettings(settings: Readonly<Record<string, string>>): Record<string, string> {
  const result: Record<string, string> = {}
  for (const [name, value] of Object.entries(settings)) {
    const lower = name.toLowerCase()
    if (!/^[a-z_][a-z0-9_$.]*$/.test(lower)) throw refuse(name, 'it is not the name of a setting')
    if (reserved.has(lower)) throw refuse(name, 'startPostgres() chooses it for each server')
    result[lower] = String(value)
  }
  return result
}

function refuse(name: string, reason: string): SchemawayError {
  return new SchemawayError(
    'INVALID_OPTIONS',
    `startPostgres() cannot set "${name}": ${reason}. Remove it from "settings".`,
    { details: { option: `settings.${name}` } },
  )
}

/** Rules of the configuration file's own lexer: quotes are doubled, backslashes escape, a value is one line. */
function quote(value: string): string {
  return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "''").replaceAll('\n', '\\n')}'`
}

/**
 * Text of a test server's `pg_hba.conf`: the caller's rules, after one that always lets the superuser in through the
 * server's private socket, because {@link TestServer.createDatabase} has to work under any rules.
 */
export function writeHostBasedAuthentication(rules: string): string {
  return `local all postgres trust\n${rules}\n`
}
