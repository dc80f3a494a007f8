import { SchemawayError } from '../errors/schemaway-error.js'
import { nearestName } from '../scripts/nearest-name.js'

/** What a connection URL says, under libpq's names. Lists of hosts and ports are joined by commas, as in libpq. */
export interface UrlParameters {
  readonly values: ReadonlyMap<string, string>
  readonly warnings: readonly string[]
}

const honoured = names(`host hostaddr port dbname user password passfile connect_timeout application_name
  fallback_application_name client_encoding options keepalives keepalives_idle sslmode ssl sslrootcert sslcert sslkey
  sslpassword sslcrl sslsni ssl_min_protocol_version ssl_max_protocol_version target_session_attrs load_balance_hosts`)

/** libpq has them and their meaning cannot be kept, so leaving them out would be a lie. */
const refused = names(`service servicefile krbsrvname gsslib gssdelegation requirepeer require_auth replication
  requiressl sslcrldir sslkeylogfile scram_client_key scram_server_key min_protocol_version max_protocol_version
  oauth_issuer oauth_client_id oauth_client_secret oauth_scope`)

/** Parameters of libpq that we accept at exactly these values, at which they ask for nothing. */
const acceptedValues: Readonly<Record<string, readonly string[]>> = {
  gssencmode: ['disable', 'prefer'],
  sslnegotiation: ['postgres'],
  sslcertmode: ['allow'],
  sslcompression: ['0'],
}

/** libpq has them and Node.js cannot set them. */
const unsettable = names('keepalives_interval keepalives_count tcp_user_timeout')

/** Parameters of poolers, hosters and other drivers. */
const dropped = names(`channel_binding pgbouncer schema connection_limit pool_timeout statement_cache_size sslaccept
  sslidentity socket_timeout uselibpqcompat supa max_connection_lifetime max_idle_connection_lifetime pool_size
  pool_mode pool_max_conns pool_min_conns pool_max_conn_lifetime pool_max_conn_idle_time pool_health_check_period
  default_query_exec_mode statement_cache_capacity description_cache_capacity prepared_statement_cache_size
  prepared_statements binary_parameters currentSchema prepareThreshold socketTimeout tcpKeepAlive max idle_timeout
  max_lifetime max_pipeline fetch_types prepare keep_alive backoff debug publications`)

/**
 * Reads a connection URL by libpq's rules, which know several hosts and sockets and so are wider than those of `URL`.
 *
 * No message quotes a part of the URL that could belong to a password, not even when its characters were not
 * percent-encoded and the parts are cut at the wrong places.
 *
 * @throws SchemawayError `INVALID_OPTIONS`.
 */
export function parseConnectionUrl(url: string | URL): UrlParameters {
  const text = (typeof url === 'string' ? url : url.href).trim()
  const scheme = /^postgres(?:ql)?:\/\//i.exec(text)
  if (scheme === null) throw invalidUrl('it must begin with postgres:// or postgresql://')
  const [, authority = '', path = '', query = ''] = /^([^/?]*)([^?]*)\??(.*)$/s.exec(text.slice(scheme[0].length)) ?? []
  if (text.includes('#') || path.includes('@')) throw reservedCharacter()
  const [hosts = '', credentials, ...more] = authority.split('@').reverse()
  if (more.length > 0) throw reservedCharacter()

  const values = new Map<string, string>()
  readCredentials(credentials, values)
  readHosts(hosts, values)
  if (path.length > 1) values.set('dbname', decode(path.slice(1)))
  const warnings = readQuery(query, values)
  const ssl = values.get('ssl')
  if (ssl !== undefined && !values.has('sslmode')) values.set('sslmode', readSsl(ssl))
  return { values, warnings }
}

/** A habit from JDBC which libpq understands too. */
function readSsl(value: string): string {
  if (value === 'true') return 'require'
  if (value === 'false') return 'disable'
  throw invalidUrl('its parameter ssl must be true or false; sslmode says it better', 'ssl')
}

function readCredentials(text: string | undefined, values: Map<string, string>): void {
  if (text === undefined) return
  const [user = '', ...password] = text.split(':')
  if (user !== '') values.set('user', decode(user))
  if (password.length > 0) values.set('password', decode(password.join(':')))
}

function readHosts(text: string, values: Map<string, string>): void {
  if (text === '') return
  const hosts = text.split(',').map((host) => {
    const [match, name = '', port = ''] = /^(\[[^\]]*\]|[^:[\]]*)(?::(\d*))?$/.exec(host) ?? []
    if (match === undefined) {
      throw invalidUrl(`a host in it is not of the form name, name:port or [IPv6 address]:port; ${encodingAdvice}`)
    }
    return { name: decode(name.replace(/^\[|\]$/g, '')), port }
  })
  if (hosts.some(({ name }) => name !== '')) values.set('host', hosts.map(({ name }) => name).join(','))
  if (hosts.some(({ port }) => port !== '')) values.set('port', hosts.map(({ port }) => port).join(','))
}

function readQuery(query: string, values: Map<string, string>): string[] {
  const warnings: string[] = []
  for (const part of query.split('&')) {
    if (part === '') continue
    const [encodedName = '', ...value] = part.split('=')
    const name = decode(encodedName)
    // A raw @ means that this may be the tail of a password, which must not be quoted.
    if (!/^\w{1,63}$/.test(name) || (query.includes('@') && treatmentOf(name) === 'unknown')) {
      throw invalidUrl(`a parameter after its ? has no understandable name; ${encodingAdvice}`)
    }
    if (value.length === 0) throw invalidUrl(`its parameter ${name} has no value`)
    const decoded = decode(value.join('='))
    const warning = checkParameter(name, decoded)
    if (warning !== null) warnings.push(warning)
    else values.set(name, decoded)
  }
  return warnings
}

/**
 * Judges one parameter of a URL.
 *
 * @returns a warning when the parameter has to be dropped, or null when its value counts.
 */
function checkParameter(name: string, value: string): string | null {
  const treatment = treatmentOf(name)
  switch (treatment) {
    case 'honoured':
      return null
    case 'fixed':
      if (acceptedValues[name]?.includes(value)) return null
      throw invalidUrl(`its parameter ${name} is supported only as ${acceptedValues[name]?.join(' or ')}`, name)
    case 'refused':
      throw invalidUrl(`its parameter ${name} is one of libpq's that schemaway does not support; remove it`, name)
    case 'dropped':
      return `The parameter "${name}" of the connection URL has no effect here and was left out.`
    case 'unknown': {
      const nearest = nearestName(name, [...honoured, ...Object.keys(acceptedValues)])
      throw invalidUrl(
        `its parameter "${name}" is not known${nearest === null ? '' : `, did you mean "${nearest}"?`} ` +
          '(settings of the server are given as options=-c%20name%3Dvalue)',
        name,
      )
    }
    default:
      return treatment satisfies never
  }
}

/** Whether a name is a URL parameter of another tool, which must not reach the server as one of its settings. */
export function isForeignParameter(name: string): boolean {
  return dropped.has(name)
}

function treatmentOf(name: string): 'honoured' | 'fixed' | 'refused' | 'dropped' | 'unknown' {
  if (honoured.has(name)) return 'honoured'
  if (Object.hasOwn(acceptedValues, name)) return 'fixed'
  if (refused.has(name)) return 'refused'
  return dropped.has(name) || unsettable.has(name) ? 'dropped' : 'unknown'
}

const encodingAdvice =
  'if the user name or password contains one of @ : / ? # % or a space, write it percent-encoded ' +
  '(@ is %40, : is %3A, / is %2F, ? is %3F, # is %23, % is %25), for instance with encodeURIComponent()'

function reservedCharacter(): SchemawayError {
  return invalidUrl(`it has an @ or # where none can be; ${encodingAdvice}`)
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw invalidUrl(`it has a % that does not begin a UTF-8 character; a % itself is written %25`)
  }
}

function invalidUrl(reason: string, parameter?: string): SchemawayError {
  return new SchemawayError('INVALID_OPTIONS', `The connection URL cannot be used: ${reason}.`, {
    details: { option: parameter === undefined ? 'url' : `url (${parameter})` },
  })
}

function names(text: string): ReadonlySet<string> {
  return new Set(text.split(/\s+/))
}
