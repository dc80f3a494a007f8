import { homedir, hostname, userInfo } from 'node:os'
import { basename, join } from 'node:path'
import type { ConnectionOptions as NodeTlsOptions } from 'node:tls'
import type { Config } from '../config/read-options.js'
import { SchemawayError } from '../errors/schemaway-error.js'
import { parseConnectionUrl } from './connection-url.js'
import type { GivenConnection } from './driver-options.js'
import { type Parameter, readTlsSettings, type TlsSettings } from './tls-settings.js'

/** Longest application name that PostgreSQL keeps. */
const longestName = 63

/** Which servers will do. `read-write` refuses standbys and servers whose transactions are read only by default. */
export type TargetSessionAttributes = 'any' | 'read-write' | 'read-only' | 'primary' | 'standby' | 'prefer-standby'

/** Text, or a function that is asked before each login, for instance for a token that soon expires. */
export type Password = string | (() => string | Promise<string>)

/**
 * How to reach the database, with the names that postgres.js uses. What is left out comes from libpq's environment
 * variables (`PGHOST`, `PGPORT`, `PGUSER`, `PGPASSWORD`, `PGPASSFILE`, `PGDATABASE`, `PGSSLMODE`, `PGSSLROOTCERT`,
 * `PGSSLCERT`, `PGSSLKEY`, `PGCONNECT_TIMEOUT`, `PGAPPNAME`, `PGOPTIONS`, `PGTARGETSESSIONATTRS`) and then from the
 * defaults below.
 *
 * Other options of postgres.js may be present and have no effect: the pool, types and transforms are not ours.
 *
 * @example
 * await migrate({
 *   connection: { host: 'db.internal', database: 'app', user: 'app_login', password: () => fetchToken(), ssl: 'verify-full' },
 * })
 */
export interface ConnectionOptions {
  /** Name, address or socket directory; several are tried in order. Default `localhost`. */
  readonly host?: string | readonly string[] | undefined
  /** One port for all hosts, or one for each. Default 5432. */
  readonly port?: number | readonly number[] | undefined
  /** Unix socket, used instead of `host`: its directory, or the socket file itself. */
  readonly path?: string | undefined
  /** Default: the name of the user. */
  readonly database?: string | undefined
  /** Default: the user of the operating system. */
  readonly user?: string | undefined
  /** Another name of `user`. */
  readonly username?: string | undefined
  /** Text, or a function that may be async and is called once for each login. */
  readonly password?: Password | undefined
  /**
   * `false`: no TLS. `'prefer'`: TLS where the server offers it. `'require'` (and `'allow'`, which postgres.js treats
   * alike): TLS without checking the certificate. `true` and `'verify-full'`: TLS, the certificate must name the host
   * and be issued by an authority that Node.js trusts. An object goes to `tls.connect`. Default: `PGSSLMODE`, else as
   * libpq's `prefer`.
   */
  readonly ssl?: boolean | 'require' | 'allow' | 'prefer' | 'verify-full' | NodeTlsOptions | undefined
  /** Longest wait for one host, in seconds, until the login is complete; 0 waits for ever. */
  readonly connect_timeout?: number | undefined
  /** Which server of several will do. Default `any`. */
  readonly target_session_attrs?: TargetSessionAttributes | undefined
  /** Settings of the server for this connection. A pooler may refuse all but `application_name`. */
  readonly connection?: Readonly<Record<string, string | number | boolean | undefined>> | undefined
}

/** A postgres.js client, of which only the options are read. */
export interface PostgresClient {
  readonly options: {
    readonly host: readonly string[]
    readonly port: readonly number[]
    readonly path?: string | boolean | undefined
    readonly database: string
    readonly user: string
    readonly pass: unknown
    readonly ssl: unknown
    readonly target_session_attrs: unknown
    readonly connection: object
  }
}

/** Where a server listens. `address` is the network address to use in place of looking up `host`. */
export type ServerAddress =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number; readonly address?: string }
  | { readonly kind: 'socket'; readonly path: string; readonly port: number }

/** Everything that connecting needs, complete and checked. */
export interface ConnectionTarget {
  readonly hosts: readonly [ServerAddress, ...ServerAddress[]]
  /** Try the hosts in random order (libpq's `load_balance_hosts=random`). */
  readonly shuffleHosts: boolean
  readonly database: string
  readonly user: string
  readonly password: Password | null
  /** File of passwords to search when `password` is null. */
  readonly passwordFile: string | null
  readonly tls: TlsSettings
  readonly targetSessionAttributes: TargetSessionAttributes
  /** Milliseconds for each host, from the first packet to the end of the login; 0 means no limit. */
  readonly connectTimeout: number
  /** Milliseconds of silence before TCP asks whether the server is still there; null means never. */
  readonly keepAliveDelay: number | null
  readonly applicationName: string
  readonly startupParameters: Readonly<Record<string, string>>
  readonly warnings: readonly string[]
  /** `host:port/database`, several hosts joined by commas; for people. Never contains the user or the password. */
  readonly display: string
}

/** Where to connect, under a name that tells people in `pg_stat_activity` which process it is. */
export async function resolveTarget(config: Config): Promise<ConnectionTarget> {
  const suffix = `@${hostname()}:${process.pid}`
  const applicationName = `${config.applicationName.slice(0, Math.max(longestName - suffix.length, 1))}${suffix}`
  const { connectTimeout } = config
  const { url } = config.connection
  // Most services give a URL, and need not load what reads options and clients.
  const given =
    url === undefined
      ? (await import('./driver-options.js')).readConnection(config.connection)
      : parseConnectionUrl(url)
  const target = resolveConnectionTarget(given, { applicationName, connectTimeout }, process.env)
  for (const warning of target.warnings) {
    try {
      config.logger.warn?.(warning)
    } catch {
      // A logger that fails must not keep a service from starting.
    }
  }
  return target
}

/**
 * Completes what the caller's url, options or client say.
 *
 * What they say comes first, then libpq's environment variables (a client has read those itself), then `settings`,
 * then the defaults: `localhost`, port 5432, the user of the operating system, a database named like the user, and
 * `sslmode=prefer`.
 *
 * @param settings schemaway's own options; `connectTimeout` in milliseconds for each host.
 * @throws SchemawayError `INVALID_OPTIONS`. No message contains the URL or a password.
 */
export function resolveConnectionTarget(
  given: GivenConnection,
  settings: { readonly applicationName?: string | undefined; readonly connectTimeout: number },
  environment: NodeJS.ProcessEnv,
): ConnectionTarget {
  const { hasReadEnvironment = false } = given
  const find = finder(given.values, hasReadEnvironment ? {} : environment)
  const folder = libpqFolder(environment)
  const hosts = readHosts(find)
  const user = find('user')?.value ?? operatingSystemUser()
  const database = find('dbname')?.value ?? user
  const applicationName =
    (find('application_name') ?? find('fallback_application_name'))?.value ?? settings.applicationName ?? 'schemaway'
  const options = find('options')?.value
  const startupParameters = { ...(options !== undefined && { options }), ...given.startupParameters }
  const password = given.password ?? find('password')?.value ?? null
  refuseNul({
    user,
    database,
    applicationName,
    ...startupParameters,
    ...(typeof password === 'string' && { password }),
  })
  requireUtf8(find('client_encoding'))
  const networked = hosts.some(({ kind }) => kind === 'tcp')
  return {
    hosts,
    shuffleHosts: readChoice(find('load_balance_hosts'), ['disable', 'random']) === 'random',
    database,
    user,
    password,
    passwordFile: hasReadEnvironment ? null : (find('passfile')?.value ?? join(folder.home, folder.passwordFile)),
    tls: given.tls ?? (networked ? readTlsSettings(find, join(folder.home, folder.certificates)) : { mode: 'disable' }),
    targetSessionAttributes: readChoice(find('target_session_attrs'), attributes) ?? 'any',
    connectTimeout: readSeconds(find('connect_timeout')) ?? settings.connectTimeout,
    keepAliveDelay: find('keepalives')?.value === '0' ? null : readSeconds(find('keepalives_idle')) || 60_000,
    applicationName,
    startupParameters,
    warnings: given.warnings,
    display: `${hosts.map(displayAddress).join(',')}/${database}`,
  }
}

/** `host:port`, `[IPv6]:port` or the socket file. */
export function displayAddress(address: ServerAddress): string {
  if (address.kind === 'socket') return address.path
  return `${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`
}

const attributes: readonly TargetSessionAttributes[] = [
  'any',
  'read-write',
  'read-only',
  'primary',
  'standby',
  'prefer-standby',
]

const environmentNames: Readonly<Record<string, string>> = {
  host: 'PGHOST',
  port: 'PGPORT',
  user: 'PGUSER',
  password: 'PGPASSWORD',
  passfile: 'PGPASSFILE',
  dbname: 'PGDATABASE',
  sslmode: 'PGSSLMODE',
  sslrootcert: 'PGSSLROOTCERT',
  sslcert: 'PGSSLCERT',
  sslkey: 'PGSSLKEY',
  connect_timeout: 'PGCONNECT_TIMEOUT',
  application_name: 'PGAPPNAME',
  options: 'PGOPTIONS',
  target_session_attrs: 'PGTARGETSESSIONATTRS',
}

/** An empty value counts as absent, as in libpq. */
function finder(
  values: ReadonlyMap<string, string>,
  environment: NodeJS.ProcessEnv,
): (name: string) => Parameter | undefined {
  return (name) => {
    const own = values.get(name)
    if (own) return { value: own, source: name }
    const source = environmentNames[name]
    const value = source === undefined ? undefined : environment[source]
    return source !== undefined && value ? { value, source } : undefined
  }
}

function readHosts(find: (name: string) => Parameter | undefined): readonly [ServerAddress, ...ServerAddress[]] {
  const [names, addresses, ports] = ['host', 'hostaddr', 'port'].map((name) => find(name)?.value.split(',') ?? [])
  const count = Math.max(names?.length ?? 0, addresses?.length ?? 0, 1)
  for (const [name, list] of [
    ['host', names],
    ['hostaddr', addresses],
    ['port', ports],
  ] as const) {
    const length = list?.length ?? 0
    if (length > 1 ? length !== count : length === 1 && count > 1 && name !== 'port') {
      throw invalid(name, `it names ${length} of ${count} hosts; name one for each`)
    }
  }
  const hosts = Array.from({ length: count }, (_, index) => {
    const address = addresses?.[index] || undefined
    return readHost(names?.[index] || address || 'localhost', address, ports?.length === 1 ? ports[0] : ports?.[index])
  })
  const [first, ...others] = hosts
  if (first === undefined) throw invalid('host', 'it is empty')
  return [first, ...others]
}

function readHost(host: string, address: string | undefined, portText: string | undefined): ServerAddress {
  const port = portText ? Number(portText) : 5432
  // The text is not quoted: where a password was not percent-encoded it may be a piece of it.
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw invalid('port', 'it must be from 1 to 65535')
  refuseNul({ host })
  if (address === undefined && host.startsWith('/')) {
    return {
      kind: 'socket',
      path: basename(host).startsWith('.s.PGSQL.') ? host : join(host, `.s.PGSQL.${port}`),
      port,
    }
  }
  return { kind: 'tcp', host, port, ...(address !== undefined && { address }) }
}

/** A NUL would end the field in the start-up packet and let its rest pass for another parameter. */
function refuseNul(fields: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(fields)) {
    if (name.includes('\0') || value.includes('\0')) throw invalid(name.replaceAll('\0', '?'), 'it contains NUL')
  }
}

function requireUtf8(encoding: Parameter | undefined): void {
  if (encoding === undefined || /^utf-?8$/i.test(encoding.value)) return
  throw invalid(encoding.source, 'schemaway speaks UTF8 with every server; remove it')
}

function readChoice<Choice extends string>(
  given: Parameter | undefined,
  choices: readonly Choice[],
): Choice | undefined {
  if (given === undefined) return undefined
  const choice = choices.find((one) => one === given.value)
  if (choice === undefined) throw invalid(given.source, `it must be one of ${choices.join(', ')}`)
  return choice
}

/** Seconds in, milliseconds out; negative means 0 as in libpq. */
function readSeconds(given: Parameter | undefined): number | undefined {
  if (given === undefined) return undefined
  const seconds = Number(given.value)
  if (!Number.isFinite(seconds)) throw invalid(given.source, 'it must be a number of seconds')
  return Math.max(0, Math.round(seconds * 1000))
}

function libpqFolder({ APPDATA, HOME }: NodeJS.ProcessEnv) {
  return process.platform === 'win32'
    ? { home: APPDATA ?? homedir(), certificates: 'postgresql', passwordFile: 'postgresql/pgpass.conf' }
    : { home: HOME || homedir(), certificates: '.postgresql', passwordFile: '.pgpass' }
}

function operatingSystemUser(): string {
  try {
    return userInfo().username
  } catch {
    throw invalid('user', 'it is missing and the user of this process has no name; name the database user')
  }
}

function invalid(option: string, reason: string): SchemawayError {
  return new SchemawayError('INVALID_OPTIONS', `The connection parameter ${option} cannot be used: ${reason}.`, {
    details: { option },
  })
}
