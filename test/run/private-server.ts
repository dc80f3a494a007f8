import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import postgres from 'postgres'
import { type ConnectionTarget, resolveConnectionTarget } from '../../lib/run/connection-target.js'
import { parseConnectionUrl } from '../../lib/run/connection-url.js'
import { type StartPostgresOptions, startPostgres, type TestServer } from '../../lib/testing/index.js'
import { tellMissing } from '../support/tell-missing.js'

interface Context {
  skip(message?: string): void
}

/** Path of a certificate or key of the tests. All were made once and are valid until 2120, but for the one that has expired. */
export function certificateFile(name: string): string {
  return fileURLToPath(new URL(`certificates/${name}`, import.meta.url))
}

const rules = `
hostssl all certificate_login all cert
hostssl all tls_login all scram-sha-256
hostnossl all plain_login all scram-sha-256
local all all trust
host all plain_login all reject
host all tls_login all reject
host all trusted_login all trust
host template1 postgres all trust
host all md5_login all md5
host all clear_login all password
host all all all scram-sha-256
`

const logins = `
create role tls_login login password 'pw';
create role plain_login login password 'pw';
create role trusted_login login;
create role certificate_login login;
create role clear_login login password 'pw';
create role limited_login login password 'pw' connection limit 0;
set password_encryption = 'md5';
create role md5_login login password 'pw';
`

/** `standby` has no primary, which is enough to be in recovery, and no logins but `postgres`. */
type ServerKind = 'tls' | 'expired' | 'plain' | 'read-only' | 'standby'

const servers = new Map<string, Promise<TestServer>>()

/**
 * A server of this test file's own, with TLS or without, and a login for each way to be let in. Without the binaries of
 * a server the test is skipped, and null returned; in CI that is a failure.
 */
export async function privateServer(
  t: Context,
  kind: ServerKind,
): Promise<{ server: TestServer; port: number; password: string } | null> {
  const existing = servers.get(kind) ?? start(kind)
  servers.set(kind, existing)
  try {
    const server = await existing
    const { port, password } = new URL(server.url)
    return { server, port: Number(port), password }
  } catch (error) {
    t.skip(tellMissing(`no private server: ${error instanceof Error ? error.message : String(error)}`))
    return null
  }
}

async function start(kind: ServerKind): Promise<TestServer> {
  const server = await startPostgres({ ...options(kind), hostBasedAuthentication: rules })
  if (kind === 'standby') return server
  const sql = postgres(server.url, { max: 1, onnotice: () => {} })
  await sql`set default_transaction_read_only = off`
  await sql.unsafe(logins)
  await sql`create database closed_database`
  await sql`revoke connect on database closed_database from public`
  await sql.end()
  return server
}

function options(kind: ServerKind): StartPostgresOptions {
  if (kind === 'plain') return { settings: { ssl: 'off' } }
  if (kind === 'read-only') return { settings: { default_transaction_read_only: 'on' } }
  if (kind === 'standby') {
    return { settings: { wal_level: 'replica', max_wal_senders: '10' }, files: { 'standby.signal': '' } }
  }
  const certificate = kind === 'expired' ? 'expired' : 'server'
  const names = [`${certificate}.crt`, `${certificate}.key`, 'authority.crt']
  return {
    settings: {
      ssl: 'on',
      ssl_cert_file: `${certificate}.crt`,
      ssl_key_file: `${certificate}.key`,
      ssl_ca_file: 'authority.crt',
      listen_addresses: 'localhost',
    },
    files: Object.fromEntries(names.map((name) => [name, readFileSync(certificateFile(name), 'utf8')])),
  }
}

/** A target for tests: short timeouts, and nothing of this machine's environment. */
export function targetOf(url: string, environment: NodeJS.ProcessEnv = {}): ConnectionTarget {
  return resolveConnectionTarget(
    parseConnectionUrl(url),
    { connectTimeout: 10_000 },
    { HOME: '/nonexistent', ...environment },
  )
}
