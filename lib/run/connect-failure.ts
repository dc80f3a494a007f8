import { SchemawayError } from '../errors/schemaway-error.js'
import { quoteIdentifier } from '../history/quote-sql.js'
import type { FailedAttempt, HostFailure } from './connect.js'
import type { ConnectionTarget } from './connection-target.js'

const transientCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOENT', // a Unix socket that its server has not made yet
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  '57P03', // starting up, shutting down or in recovery
  '53300', // too many connections
])

const transientErrors = new WeakSet<object>()

/** Whether the same attempt may succeed a little later. False for wrong passwords, names and certificates. */
export function isTransient(error: unknown): boolean {
  return typeof error === 'object' && error !== null && transientErrors.has(error)
}

/** The CONNECTION_FAILED that tells what happened at each host that was tried. */
export function connectionFailed(
  target: Pick<ConnectionTarget, 'display' | 'database' | 'user'>,
  attempts: readonly FailedAttempt[],
): SchemawayError {
  const failures = attempts.map(({ failure }) => failure)
  const [first, ...more] = attempts
  const reasons =
    first !== undefined && more.length === 0
      ? `Cannot connect to ${first.host}/${target.database}: ${first.failure.message}.`
      : `Cannot connect to ${target.display}:${attempts.map(({ host, failure }) => `\n- ${host}: ${failure.message}`).join('')}\n`
  const advice = [...new Set(failures.flatMap((failure) => advise(failure, target) ?? []))].join(' ')
  const sqlState = failures.find(({ kind }) => kind === 'login')?.code ?? undefined
  const error = new SchemawayError(
    'CONNECTION_FAILED',
    advice === '' ? reasons : `${reasons}${more.length === 0 ? ' ' : ''}${advice}`,
    {
      details: { server: target.display, ...(sqlState !== undefined && { sqlState }) },
      cause: findCause(failures),
    },
  )
  if (failures.some(mayPass) && !failures.some((failure) => failure.endsSearch && !mayPass(failure)))
    transientErrors.add(error)
  return error
}

/** The same failure after several tries. */
export function connectionFailedAgain(error: SchemawayError, tries: number, milliseconds: number): SchemawayError {
  const time = `${(milliseconds / 1000).toFixed(1)} s`
  const result = new SchemawayError('CONNECTION_FAILED', `${error.message} Gave up after ${tries} tries in ${time}.`, {
    details: error.details,
    cause: error.cause,
  })
  transientErrors.add(result)
  return result
}

function mayPass({ kind, code }: HostFailure): boolean {
  return kind === 'timeout' || kind === 'closed' || kind === 'unsuitable' || (code !== null && transientCodes.has(code))
}

function findCause(failures: readonly HostFailure[]): unknown {
  const causes = failures.map((failure) => failure.cause ?? failure)
  return causes.length === 1 ? causes[0] : new AggregateError(causes, 'No host accepted the connection.')
}

function advise(
  failure: HostFailure,
  { database, user }: { readonly database: string; readonly user: string },
): string | null {
  switch (failure.kind) {
    case 'network':
      return networkAdvice[failure.code ?? ''] ?? 'Check host, port and network.'
    case 'timeout':
      return 'Check address, port and firewalls, or allow more time with connectTimeout.'
    case 'closed':
      return 'Is this the port of PostgreSQL itself, and is the server healthy?'
    case 'protocol':
      return 'Is this the port of a PostgreSQL server?'
    case 'no-tls':
      return 'Set ssl=on on the server, or use sslmode=disable where the network is trusted.'
    case 'tls':
      return tlsAdvice[failure.code ?? ''] ?? 'Check sslmode and the certificates.'
    case 'login':
      return loginAdvice(failure.code, database, user)
    case 'password':
      return 'The error it threw is the cause of this one.'
    case 'unsuitable':
      return 'Check the list of hosts and target_session_attrs; after a failover it may take a moment.'
    default:
      return failure.kind satisfies never
  }
}

const networkAdvice: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'Is the server running, and does it listen at this address and port?',
  ENOENT: 'Is the server running, and is this directory one of its unix_socket_directories?',
  ENOTFOUND: 'Check the host name.',
  EAI_AGAIN: 'Check the host name and the DNS of this machine.',
}

const untrusted = 'Name the certificate of the authority that issued it with sslrootcert=/path/to/root.crt.'

const tlsAdvice: Readonly<Record<string, string>> = {
  ERR_TLS_CERT_ALTNAME_INVALID:
    'Connect by a name that the certificate bears, or check only its issuer with sslmode=verify-ca.',
  CERT_HAS_EXPIRED: "Renew the server's certificate.",
  CERT_NOT_YET_VALID: 'Check the clocks of both machines.',
  DEPTH_ZERO_SELF_SIGNED_CERT: untrusted,
  SELF_SIGNED_CERT_IN_CHAIN: untrusted,
  UNABLE_TO_GET_ISSUER_CERT: untrusted,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: untrusted,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: untrusted,
}

function loginAdvice(sqlState: string | null, database: string, user: string): string | null {
  switch (sqlState) {
    case '28P01':
      return 'Check user name and password.'
    case '28000':
      return "Check the user name, and the rules of the server's pg_hba.conf for this user, database, address and TLS."
    case '3D000':
      return `Create the database first: CREATE DATABASE ${quoteIdentifier(database)}.`
    case '42501':
      return `Let the login in: GRANT CONNECT ON DATABASE ${quoteIdentifier(database)} TO ${quoteIdentifier(user)}.`
    case '53300':
      return 'Close idle connections, or raise max_connections or the connection limit of the role or database.'
    case '57P03':
      return 'Try again when the server is up.'
    case '42704':
    case '22023':
    case '08P01':
      return 'Check application_name, options and other settings that are sent at the start; poolers refuse most of them.'
    default:
      return null
  }
}
