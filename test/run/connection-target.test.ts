import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import postgres from 'postgres'
import { SchemawayError } from '../../lib/errors/schemaway-error.js'
import {
  type ConnectionOptions,
  type ConnectionTarget,
  type PostgresClient,
  resolveConnectionTarget,
} from '../../lib/run/connection-target.js'
import { readConnection } from '../../lib/run/driver-options.js'

const home = mkdtempSync(join(tmpdir(), 'schemaway-home-'))
after(() => rmSync(home, { recursive: true }))

function resolve(
  input: { url?: string; connection?: ConnectionOptions; sql?: PostgresClient },
  environment: NodeJS.ProcessEnv = {},
): ConnectionTarget {
  return resolveConnectionTarget(readConnection(input), { connectTimeout: 1234 }, { HOME: home, ...environment })
}

function refusal(run: () => unknown): SchemawayError {
  try {
    run()
  } catch (error) {
    assert.ok(error instanceof SchemawayError)
    assert.equal(error.code, 'INVALID_OPTIONS')
    return error
  }
  assert.fail('nothing was refused')
}

describe('resolveConnectionTarget with a url', () => {
  test('completes it from the defaults', () => {
    assert.deepEqual(resolve({ url: 'postgres://' }), {
      hosts: [{ kind: 'tcp', host: 'localhost', port: 5432 }],
      shuffleHosts: false,
      database: userInfo().username,
      user: userInfo().username,
      password: null,
      passwordFile: join(home, '.pgpass'),
      tls: { mode: 'prefer' },
      targetSessionAttributes: 'any',
      connectTimeout: 1234,
      keepAliveDelay: 60_000,
      applicationName: 'schemaway',
      startupParameters: {},
      warnings: [],
      display: `localhost:5432/${userInfo().username}`,
    })
  })

  test('honours libpq parameters', () => {
    const target = resolve({
      url:
        'postgres://ann:pw@a:1,b:2/app?connect_timeout=3&target_session_attrs=read-write&options=-c%20jit%3Doff' +
        '&keepalives_idle=5&load_balance_hosts=random&client_encoding=UTF8&fallback_application_name=x&passfile=/x',
    })
    assert.deepEqual(target.hosts, [
      { kind: 'tcp', host: 'a', port: 1 },
      { kind: 'tcp', host: 'b', port: 2 },
    ])
    assert.equal(target.connectTimeout, 3000)
    assert.equal(target.targetSessionAttributes, 'read-write')
    assert.deepEqual(target.startupParameters, { options: '-c jit=off' })
    assert.equal(target.keepAliveDelay, 5000)
    assert.equal(target.shuffleHosts, true)
    assert.equal(target.applicationName, 'x')
    assert.equal(target.passwordFile, '/x')
    assert.equal(target.display, 'a:1,b:2/app')
  })

  test('switches keepalives off and waits for ever where the URL says so', () => {
    const target = resolve({ url: 'postgres://db?keepalives=0&connect_timeout=0' })
    assert.equal(target.keepAliveDelay, null)
    assert.equal(target.connectTimeout, 0)
  })

  test('never displays user or password', () => {
    assert.equal(resolve({ url: 'postgres://ann:secret@[::1]:6/app' }).display, '[::1]:6/app')
  })

  test('turns a directory into the socket inside it', () => {
    const target = resolve({ url: 'postgres:///app?host=/tmp&port=6000' })
    assert.deepEqual(target.hosts, [{ kind: 'socket', path: '/tmp/.s.PGSQL.6000', port: 6000 }])
    assert.deepEqual(target.tls, { mode: 'disable' })
    assert.equal(target.display, '/tmp/.s.PGSQL.6000/app')
  })

  test('connects to hostaddr but keeps the host for the certificate', () => {
    const target = resolve({ url: 'postgres://db.example/app?hostaddr=10.0.0.1' })
    assert.deepEqual(target.hosts, [{ kind: 'tcp', host: 'db.example', port: 5432, address: '10.0.0.1' }])
  })

  test('takes what is missing from the environment, as libpq does', () => {
    const environment = {
      PGHOST: 'envhost',
      PGPORT: '7000',
      PGUSER: 'envuser',
      PGPASSWORD: 'envpassword',
      PGDATABASE: 'envdatabase',
      PGSSLMODE: 'disable',
      PGCONNECT_TIMEOUT: '9',
      PGAPPNAME: 'envname',
      PGOPTIONS: '-c jit=off',
      PGTARGETSESSIONATTRS: 'primary',
      PGPASSFILE: '/env/pgpass',
    }
    const target = resolve({ url: 'postgres://' }, environment)
    assert.deepEqual(target.hosts, [{ kind: 'tcp', host: 'envhost', port: 7000 }])
    assert.equal(target.user, 'envuser')
    assert.equal(target.password, 'envpassword')
    assert.equal(target.database, 'envdatabase')
    assert.deepEqual(target.tls, { mode: 'disable' })
    assert.equal(target.connectTimeout, 9000)
    assert.equal(target.applicationName, 'envname')
    assert.deepEqual(target.startupParameters, { options: '-c jit=off' })
    assert.equal(target.targetSessionAttributes, 'primary')
    assert.equal(target.passwordFile, '/env/pgpass')

    const given = resolve(
      {
        url: 'postgres://ann:pw@db:1/app?sslmode=require&connect_timeout=1&application_name=n&target_session_attrs=any',
      },
      environment,
    )
    assert.equal(given.display, 'db:1/app')
    assert.equal(given.user, 'ann')
    assert.equal(given.password, 'pw')
    assert.deepEqual(given.tls, { mode: 'require' })
    assert.equal(given.connectTimeout, 1000)
    assert.equal(given.applicationName, 'n')
    assert.equal(given.targetSessionAttributes, 'any')
  })

  test('prefers the name in the URL to the one of the settings, and that to the default', () => {
    const named = (url: string) =>
      resolveConnectionTarget(readConnection({ url }), { applicationName: 'ours', connectTimeout: 1 }, {})
        .applicationName
    assert.equal(named('postgres://db'), 'ours')
    assert.equal(named('postgres://db?application_name=theirs'), 'theirs')
  })

  test('refuses values that cannot be, naming parameter or variable', () => {
    assert.match(refusal(() => resolve({ url: 'postgres://db:99999/' })).message, /parameter port .*from 1 to 65535/)
    assert.match(refusal(() => resolve({ url: 'postgres://a,b?port=1,2,3' })).message, /port .*3 of 2 hosts/)
    assert.match(refusal(() => resolve({ url: 'postgres://db?sslmode=on' })).message, /sslmode .*verify-full/)
    assert.match(refusal(() => resolve({ url: 'postgres://db' }, { PGSSLMODE: 'on' })).message, /PGSSLMODE/)
    assert.match(refusal(() => resolve({ url: 'postgres://db?connect_timeout=soon' })).message, /connect_timeout/)
    assert.match(refusal(() => resolve({ url: 'postgres://db?target_session_attrs=best' })).message, /prefer-standby/)
    assert.match(refusal(() => resolve({ url: 'postgres://db?client_encoding=latin1' })).message, /UTF8/)
    assert.match(refusal(() => resolve({ url: 'postgres://db?load_balance_hosts=maybe' })).message, /disable, random/)
  })

  test('refuses NUL, which could smuggle in a parameter', () => {
    for (const url of [
      'postgres://a%00b@db',
      'postgres://db/a%00b',
      'postgres://d%00b/',
      'postgres://db?options=%00',
    ]) {
      assert.match(refusal(() => resolve({ url })).message, /contains NUL/)
    }
    const { message } = refusal(() => resolve({ url: 'postgres://ann:secret%00x@db/app' }))
    assert.match(message, /parameter password .*NUL/)
    assert.doesNotMatch(message, /secret/)
  })
})

describe('resolveConnectionTarget with TLS files', () => {
  const file = (name: string) => {
    const path = join(home, name)
    writeFileSync(path, name)
    return path
  }

  test('reads them', () => {
    const url = `postgres://db?sslmode=verify-ca&sslrootcert=${file('ca')}&sslcert=${file('cert')}&sslkey=${file('key')}&sslpassword=pw&ssl_min_protocol_version=TLSv1.3&sslsni=0`
    assert.deepEqual(resolve({ url }).tls, {
      mode: 'verify-ca',
      ca: Buffer.from('ca'),
      cert: Buffer.from('cert'),
      key: Buffer.from('key'),
      passphrase: 'pw',
      minVersion: 'TLSv1.3',
      servername: '',
    })
  })

  test('names a file that cannot be read', () => {
    const { message } = refusal(() => resolve({ url: 'postgres://db?sslrootcert=/nowhere/root.crt' }))
    assert.match(message, /sslrootcert .*\/nowhere\/root\.crt .*ENOENT/)
  })

  test('sslrootcert=system means verify-full and refuses less', () => {
    assert.deepEqual(resolve({ url: 'postgres://db?sslrootcert=system' }).tls, { mode: 'verify-full' })
    assert.match(
      refusal(() => resolve({ url: 'postgres://db?sslrootcert=system&sslmode=require' })).message,
      /verify-full/,
    )
  })

  test('verify-ca without any authority is refused, since any certificate would do', () => {
    assert.match(refusal(() => resolve({ url: 'postgres://db?sslmode=verify-ca' })).message, /needs the certificate/)
  })

  test("finds the certificates in libpq's folder", (t) => {
    const own = mkdtempSync(join(tmpdir(), 'schemaway-home-'))
    t.after(() => rmSync(own, { recursive: true }))
    const folder = join(own, '.postgresql')
    const tls = () => resolve({ url: 'postgres://db' }, { HOME: own }).tls
    assert.deepEqual(tls(), { mode: 'prefer' })
    mkdirSync(folder)
    writeFileSync(join(folder, 'root.crt'), 'root')
    assert.deepEqual(tls(), { mode: 'prefer', ca: Buffer.from('root') })
    writeFileSync(join(folder, 'postgresql.crt'), 'cert')
    assert.match(refusal(tls).message, /no private key/)
    writeFileSync(join(folder, 'postgresql.key'), 'key')
    assert.deepEqual(tls(), {
      mode: 'prefer',
      ca: Buffer.from('root'),
      cert: Buffer.from('cert'),
      key: Buffer.from('key'),
    })
    assert.deepEqual(resolve({ url: 'postgres://db?sslmode=disable' }, { HOME: own }).tls, { mode: 'disable' })
  })
})

describe('resolveConnectionTarget with connection options', () => {
  test('reads the names of postgres.js', async () => {
    const password = async () => 'token'
    const target = resolve({
      connection: {
        host: ['a', 'b'],
        port: [1, 2],
        database: 'app',
        username: 'ann',
        password,
        ssl: 'require',
        connect_timeout: 4,
        target_session_attrs: 'standby',
        connection: { application_name: 'orders', statement_timeout: 5, search_path: undefined },
      },
    })
    assert.equal(target.display, 'a:1,b:2/app')
    assert.equal(target.user, 'ann')
    assert.equal(target.password, password)
    assert.deepEqual(target.tls, { mode: 'require' })
    assert.equal(target.connectTimeout, 4000)
    assert.equal(target.targetSessionAttributes, 'standby')
    assert.equal(target.applicationName, 'orders')
    assert.deepEqual(target.startupParameters, { statement_timeout: '5' })
  })

  test('reads hosts with ports, IPv6 addresses and socket paths', () => {
    const hosts = (connection: ConnectionOptions) => resolve({ connection: { user: 'u', ...connection } }).display
    assert.equal(hosts({ host: 'a:1,b', port: 2 }), 'a:1,b:2/u')
    assert.equal(hosts({ host: '::1' }), '[::1]:5432/u')
    assert.equal(hosts({ host: '[::1]:7' }), '[::1]:7/u')
    assert.equal(hosts({ host: '/cloudsql/a:b:c' }), '/cloudsql/a:b:c/.s.PGSQL.5432/u')
    assert.equal(hosts({ path: '/tmp/.s.PGSQL.6000' }), '/tmp/.s.PGSQL.6000/u')
    assert.equal(hosts({}), 'localhost:5432/u')
  })

  test('gives ssl the meaning it has in postgres.js', () => {
    const tls = (ssl: ConnectionOptions['ssl']) => resolve({ connection: { host: 'db', ssl } }).tls
    assert.deepEqual(tls(undefined), { mode: 'prefer' })
    assert.deepEqual(tls(false), { mode: 'disable' })
    assert.deepEqual(tls(true), { mode: 'verify-full' })
    assert.deepEqual(tls('prefer'), { mode: 'prefer' })
    // postgres.js never goes on without TLS here, while libpq's "allow" would begin without it.
    assert.deepEqual(tls('allow'), { mode: 'require' })
    assert.deepEqual(tls('verify-full'), { mode: 'verify-full' })
    assert.deepEqual(tls({ ca: 'x' }), { mode: 'verify-full', ca: 'x' })
    assert.deepEqual(tls({ rejectUnauthorized: false }), { mode: 'require', rejectUnauthorized: false })
  })

  test('ignores what concerns the pool of postgres.js, and refuses what nobody knows', () => {
    const given = (connection: object) => () => resolve({ connection: connection as ConnectionOptions })
    assert.equal(
      given({ host: 'db', user: 'u', max: 5, transform: {}, onnotice() {}, hots: undefined })().display,
      'db:5432/u',
    )
    assert.match(
      refusal(given({ passwort: 'SECRET' })).message,
      /`connection\.passwort` is not known, did you mean `password`\?/,
    )
    assert.doesNotMatch(refusal(given({ passwort: 'SECRET' })).message, /SECRET/)
    assert.match(refusal(given({ socket: () => {} })).message, /`socket` of its own/)
  })

  test('does not let settings replace what the start of a session rests on', () => {
    const target = resolve({
      connection: { host: 'db', connection: { client_encoding: 'latin1', user: 'x', tcp_user_timeout: 5 } },
    })
    assert.deepEqual(target.startupParameters, { tcp_user_timeout: '5' })
    assert.equal(target.warnings.length, 2)
  })

  test('takes what is missing from the environment', () => {
    const target = resolve({ connection: { host: 'db' } }, { PGPASSWORD: 'pw', PGSSLMODE: 'disable', PGPORT: '99' })
    assert.equal(target.password, 'pw')
    assert.equal(target.display, `db:99/${userInfo().username}`)
    assert.deepEqual(target.tls, { mode: 'disable' })
  })
})

describe('resolveConnectionTarget with a postgres.js client', () => {
  const environment = {
    PGHOST: 'wrong',
    PGUSER: 'wrong',
    PGPASSWORD: 'wrong',
    PGSSLMODE: 'require',
    PGAPPNAME: 'wrong',
  }

  test('reuses the options it was made with, and nothing of the environment', () => {
    const sql = postgres('postgres://ann:p%40ss@a:1,b:2/app?target_session_attrs=primary', {
      ssl: 'require',
      connection: { statement_timeout: 7 },
      transform: postgres.camel,
    })
    const target = resolve({ sql }, environment)
    assert.equal(target.display, 'a:1,b:2/app')
    assert.equal(target.user, 'ann')
    assert.equal(target.password, 'p@ss')
    assert.deepEqual(target.tls, { mode: 'require' })
    assert.equal(target.targetSessionAttributes, 'primary')
    assert.deepEqual(target.startupParameters, { statement_timeout: '7' })
    assert.equal(target.applicationName, 'schemaway')
    assert.equal(target.passwordFile, null)
    assert.equal(target.connectTimeout, 1234)
  })

  test('reuses a password function, a socket and the absence of TLS', () => {
    const password = async () => 'token'
    const sql = postgres({ path: '/tmp/.s.PGSQL.6000', user: 'ann', password, database: 'app' })
    const target = resolve({ sql }, environment)
    assert.equal(target.display, '/tmp/.s.PGSQL.6000/app')
    assert.equal(target.password, password)
    assert.deepEqual(target.tls, { mode: 'disable' })
    assert.deepEqual(resolve({ sql: postgres({ host: 'db' }) }, environment).tls, { mode: 'disable' })
  })

  test('refuses a client that makes its own sockets', () => {
    const options = { host: 'db', socket: () => {} }
    assert.match(refusal(() => resolve({ sql: postgres(options) })).message, /`sql` has a `socket` of its own/)
  })

  test('keeps foreign URL parameters, which postgres.js would send, away from the server', () => {
    const sql = postgres('postgres://ann@db/app?pgbouncer=true&sslrootcert=/x&search_path=app')
    const target = resolve({ sql })
    assert.deepEqual(target.startupParameters, { search_path: 'app' })
    assert.equal(target.warnings.length, 2)
  })
})
