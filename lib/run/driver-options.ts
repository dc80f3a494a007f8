import { SchemawayError } from '../errors/schemaway-error.js'
import { nearestName } from '../scripts/nearest-name.js'
import type { ConnectionOptions, Password, PostgresClient } from './connection-target.js'
import { isForeignParameter, parseConnectionUrl } from './connection-url.js'
import type { TlsSettings } from './tls-settings.js'

/** What the caller said, under libpq's names, and what libpq's parameters cannot say. */
export interface GivenConnection {
  readonly values: ReadonlyMap<string, string>
  readonly warnings: readonly string[]
  readonly password?: Password | undefined
  readonly tls?: TlsSettings | undefined
  readonly startupParameters?: Readonly<Record<string, string>> | undefined
  /** Whether libpq's variables are in it already. */
  readonly hasReadEnvironment?: boolean
}

const ownNames = `host port path database user username password ssl connect_timeout target_session_attrs
  connection`.split(/\s+/)
/** Options of postgres.js about its pool, its types and its listeners. */
const ignoredNames = `max idle_timeout max_lifetime max_pipeline backoff keep_alive prepare no_prepare types transform
  onnotice onnotify onclose onparameter debug fetch_types publications no_subscribe`.split(/\s+/)
/** Fields of the start-up packet that are not the server's settings. */
const reservedParameters = ['user', 'database', 'replication', 'client_encoding']

/**
 * Reads whatever the caller gave.
 *
 * @param input exactly one of `url`, `connection` and `sql`.
 * @throws SchemawayError `INVALID_OPTIONS`. No message contains the URL or a password.
 */
export function readConnection(input: {
  readonly url?: string | URL | undefined
  readonly connection?: ConnectionOptions | undefined
  readonly sql?: PostgresClient | undefined
}): GivenConnection {
  if (input.sql !== undefined) return readClient(input.sql)
  return input.connection === undefined ? parseConnectionUrl(input.url ?? '') : readOptions(input.connection)
}

/**
 * Reads options with the names of postgres.js.
 *
 * @throws SchemawayError `INVALID_OPTIONS`.
 */
function readOptions(connection: ConnectionOptions): GivenConnection {
  refuseUnknownNames(connection)
  const hosts = connection.path === undefined ? splitHosts(connection.host) : [{ name: connection.path, port: '' }]
  const ports = [connection.port ?? []].flat().map(String)
  const inlinePorts = hosts.map(({ port }) => port)
  const values = new Map<string, string>()
  const put = (name: string, value: string | number | undefined) => {
    if (value !== undefined) values.set(name, String(value))
  }
  put('host', hosts.length === 0 ? undefined : hosts.map(({ name }) => name).join(','))
  put('port', inlinePorts.some((port) => port !== '') ? mergePorts(inlinePorts, ports).join(',') : ports.join(','))
  put('dbname', connection.database)
  put('user', connection.user ?? connection.username)
  put('connect_timeout', connection.connect_timeout)
  put('target_session_attrs', connection.target_session_attrs)
  const { tls, startupParameters, applicationName, warnings } = readDriverOptions(connection)
  put('application_name', applicationName)
  return { values, warnings, password: connection.password || undefined, tls, startupParameters }
}

/**
 * Reads the options of a postgres.js client. It has merged URL, environment and defaults already, so that the only
 * thing which is not the caller's wish is the driver's own application name.
 *
 * @throws SchemawayError `INVALID_OPTIONS`.
 */
function readClient(client: PostgresClient): GivenConnection {
  const { options } = client
  if ('socket' in options && options.socket) throw ownSocket('sql')
  const { tls, startupParameters, applicationName, warnings } = readDriverOptions({
    ssl: options.ssl ?? false,
    connection: options.connection,
  })
  const values = new Map([
    ['host', typeof options.path === 'string' && options.path !== '' ? options.path : options.host.join(',')],
    ['port', options.port.join(',')],
    ['dbname', options.database],
    ['user', options.user],
    ['target_session_attrs', typeof options.target_session_attrs === 'string' ? options.target_session_attrs : ''],
    ['application_name', applicationName === 'postgres.js' ? '' : (applicationName ?? '')],
  ])
  return {
    values,
    warnings,
    password: isPassword(options.pass) ? options.pass : undefined,
    tls,
    startupParameters,
    hasReadEnvironment: true,
  }
}

function isPassword(value: unknown): value is Password {
  return typeof value === 'function' || (typeof value === 'string' && value !== '')
}

function readDriverOptions(options: { readonly ssl?: unknown; readonly connection?: object | undefined }) {
  const warnings: string[] = []
  const startupParameters: Record<string, string> = {}
  let applicationName: string | undefined
  for (const [name, value] of Object.entries(options.connection ?? {})) {
    if (value === undefined || value === null) continue
    if (name === 'application_name') applicationName = String(value)
    else if (isSetting(name)) startupParameters[name] = String(value)
    else warnings.push(`The connection parameter "${name}" has no effect here and was left out.`)
  }
  return { tls: readDriverTls(options.ssl), startupParameters, applicationName, warnings }
}

/** postgres.js sends to the server whatever it does not know in a URL. */
function isSetting(name: string): boolean {
  return !isForeignParameter(name) && !name.startsWith('ssl') && !reservedParameters.includes(name)
}

function refuseUnknownNames(connection: object): void {
  for (const [name, value] of Object.entries(connection)) {
    if (value === undefined || ownNames.includes(name) || ignoredNames.includes(name)) continue
    if (name === 'socket') throw ownSocket('connection')
    const nearest = nearestName(name, ownNames)
    throw new SchemawayError(
      'INVALID_OPTIONS',
      `The option \`connection.${name}\` is not known${nearest === null ? '.' : `, did you mean \`${nearest}\`?`} ` +
        `It may have ${ownNames.join(', ')}.`,
      { details: { option: `connection.${name}` } },
    )
  }
}

/** Leaving it out would mean to connect to another place than the caller does. */
function ownSocket(option: string): SchemawayError {
  return new SchemawayError(
    'INVALID_OPTIONS',
    `The option \`${option}\` has a \`socket\` of its own, and schemaway opens its connections itself. Name a host, ` +
      'a port or a Unix socket instead, for instance those of a local proxy.',
    { details: { option } },
  )
}

/** The meaning that postgres.js gives to `ssl`; undefined where nothing was said. */
function readDriverTls(ssl: unknown): TlsSettings | undefined {
  if (ssl === undefined || ssl === null) return undefined
  if (ssl === false || ssl === 'disable' || ssl === 'false') return { mode: 'disable' }
  if (ssl === 'prefer') return { mode: 'prefer' }
  if (ssl === 'require' || ssl === 'allow') return { mode: 'require' }
  if (typeof ssl === 'object') {
    const checked = !('rejectUnauthorized' in ssl) || ssl.rejectUnauthorized !== false
    return { ...ssl, mode: checked ? 'verify-full' : 'require' }
  }
  return { mode: 'verify-full' }
}

function splitHosts(host: string | readonly string[] | undefined): { name: string; port: string }[] {
  return [host ?? []]
    .flat()
    .flatMap((one) => one.split(','))
    .map((one) => {
      const [, name = one, port = ''] = /^(\[[^\]]+\]|[^:/]+):(\d+)$/.exec(one) ?? []
      return { name: name.replace(/^\[|\]$/g, ''), port }
    })
}

function mergePorts(inline: readonly string[], ports: readonly string[]): string[] {
  return inline.map((port, index) => port || (ports.length === 1 ? ports[0] : ports[index]) || '')
}
