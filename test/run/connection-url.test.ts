import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { SchemawayError } from '../../lib/errors/schemaway-error.js'
import { parseConnectionUrl } from '../../lib/run/connection-url.js'

function read(url: string | URL): Record<string, string> {
  return Object.fromEntries(parseConnectionUrl(url).values)
}

function refusal(url: string): SchemawayError {
  try {
    parseConnectionUrl(url)
  } catch (error) {
    assert.ok(error instanceof SchemawayError)
    assert.equal(error.code, 'INVALID_OPTIONS')
    return error
  }
  assert.fail('the URL was accepted')
}

describe('parseConnectionUrl', () => {
  test('reads every part of an ordinary URL', () => {
    assert.deepEqual(read('postgres://ann:secret@db.example:6543/app?sslmode=require&application_name=orders'), {
      user: 'ann',
      password: 'secret',
      host: 'db.example',
      port: '6543',
      dbname: 'app',
      sslmode: 'require',
      application_name: 'orders',
    })
  })

  test('accepts postgresql:// in any case, a URL object, and white space around it', () => {
    assert.deepEqual(read('  PostgreSQL://db/app\n'), { host: 'db', dbname: 'app' })
    assert.deepEqual(read(new URL('postgresql://ann:p@ss@db/app')), {
      user: 'ann',
      password: 'p@ss',
      host: 'db',
      dbname: 'app',
    })
  })

  test('reads lists of hosts, each with or without a port', () => {
    assert.deepEqual(read('postgres://a:1,b,[::1]:3/app'), { host: 'a,b,::1', port: '1,,3', dbname: 'app' })
    assert.deepEqual(read('postgres://a,b/app'), { host: 'a,b', dbname: 'app' })
  })

  test('reads IPv6 addresses in brackets, with a zone', () => {
    assert.deepEqual(read('postgres://[fe80::1%25eth0]/app'), { host: 'fe80::1%eth0', dbname: 'app' })
  })

  test('reads Unix sockets written as a host and as a parameter', () => {
    assert.deepEqual(read('postgres://%2Fvar%2Frun/app'), { host: '/var/run', dbname: 'app' })
    assert.deepEqual(read('postgres:///app?host=/tmp'), { host: '/tmp', dbname: 'app' })
    assert.deepEqual(read('postgres://ann@/app?host=/cloudsql/project:region:one'), {
      user: 'ann',
      dbname: 'app',
      host: '/cloudsql/project:region:one',
    })
  })

  test('leaves out what is not said', () => {
    assert.deepEqual(read('postgres://'), {})
    assert.deepEqual(read('postgres:///'), {})
    assert.deepEqual(read('postgres://@:/?'), {})
    assert.deepEqual(read('postgres://:@db'), { host: 'db', password: '' })
  })

  test('lets parameters replace the parts before them, as libpq does', () => {
    assert.deepEqual(read('postgres://ann@db:1/app?host=other&port=2&user=bob&dbname=main&password=p'), {
      user: 'bob',
      host: 'other',
      port: '2',
      dbname: 'main',
      password: 'p',
    })
  })

  test('understands the ssl parameter of JDBC as libpq does', () => {
    assert.equal(read('postgres://db?ssl=true')['sslmode'], 'require')
    assert.equal(read('postgres://db?ssl=false')['sslmode'], 'disable')
    assert.equal(read('postgres://db?ssl=true&sslmode=verify-full')['sslmode'], 'verify-full')
    assert.match(refusal('postgres://db?ssl=maybe').message, /ssl must be true or false/)
  })

  test('drops parameters of poolers, hosters and other drivers with a warning', () => {
    const { values, warnings } = parseConnectionUrl(
      'postgres://db/app?pgbouncer=true&schema=x&connection_limit=5&channel_binding=require&sslmode=require',
    )
    assert.deepEqual([...values.keys()], ['host', 'dbname', 'sslmode'])
    assert.equal(warnings.length, 4)
    assert.match(warnings.join(), /"pgbouncer".*"schema".*"connection_limit".*"channel_binding"/)
  })

  test('refuses by name what libpq has and we do not', () => {
    for (const part of [
      'service=x',
      'krbsrvname=x',
      'requirepeer=x',
      'require_auth=scram-sha-256',
      'replication=true',
    ]) {
      assert.match(
        refusal(`postgres://db?${part}`).message,
        new RegExp(`parameter ${part.split('=')[0]} is one of libpq's`),
      )
    }
    assert.match(
      refusal('postgres://db?gssencmode=require').message,
      /gssencmode is supported only as disable or prefer/,
    )
    assert.match(refusal('postgres://db?sslnegotiation=direct').message, /sslnegotiation is supported only as postgres/)
    assert.deepEqual(read('postgres://db?gssencmode=prefer&sslnegotiation=postgres')['host'], 'db')
  })

  test('names an unknown parameter and the nearest known one', () => {
    const error = refusal('postgres://db/app?sslmod=require')
    assert.match(error.message, /parameter "sslmod" is not known, did you mean "sslmode"\?/)
    assert.equal(error.details.option, 'url (sslmod)')
    assert.match(refusal('postgres://db/app?statement_timeout=5').message, /options=-c%20name%3Dvalue/)
  })

  test('explains percent-encoding when a reserved character stands in the password', () => {
    for (const password of [
      'SEC@RET',
      'SEC#RET',
      'SEC/RET',
      'SEC?RET',
      'SEC?RET=X',
      '12/SEC@RET',
      'SE%RET',
      'SEC#R@T',
    ]) {
      const { message } = refusal(`postgres://ANN:${password}@HOST/app`)
      assert.match(message, /%40|%25/, password)
      assert.doesNotMatch(message, /SEC|RET|ANN|HOST/, password)
    }
  })

  test('explains a URL that the WHATWG parser rejects without showing it', () => {
    for (const url of [
      'postgres://ANN:SECRET@db:port/app',
      'postgres://ANN:SECRET@[::1/app',
      'postgres://SECRET:WORD',
    ]) {
      assert.throws(() => new URL(url))
      assert.doesNotMatch(refusal(url).message, /SECRET|WORD|ANN/)
    }
    assert.doesNotMatch(refusal('"postgres://ann:SECRET@db/app"').message, /SECRET/)
    assert.doesNotMatch(refusal('ann:SECRET@db').message, /SECRET/)
  })

  test('gives back any text that was percent-encoded', () => {
    const text = fc.string({ unit: 'grapheme', minLength: 1 }).filter((one) => isWellFormed(one))
    fc.assert(
      fc.property(text, text, text, text, (user, password, database, name) => {
        const e = encodeURIComponent
        const url = `postgres://${e(user)}:${e(password)}@db:5433/${e(database)}?application_name=${e(name)}`
        assert.deepEqual(read(url), {
          user,
          password,
          host: 'db',
          port: '5433',
          dbname: database,
          application_name: name,
        })
      }),
    )
  })

  test('never quotes a password, whatever it contains and however the URL is cut', () => {
    const piece = fc.constantFrom('@', ':', '/', '?', '#', '%', '=', '&', ',', '[', ']', ' ', '7')
    const password = fc.array(fc.oneof(piece, fc.constantFrom('SECRET', 'HIDDEN')), { minLength: 1, maxLength: 8 })
    fc.assert(
      fc.property(password, (pieces) => {
        try {
          const { password: _, ...others } = read(`postgres://ann:${pieces.join('')}@db/app?sslmode=require`)
          assert.doesNotMatch(JSON.stringify(others), /SECRET|HIDDEN/)
        } catch (error) {
          if (error instanceof assert.AssertionError) throw error
          assert.ok(error instanceof SchemawayError)
          assert.doesNotMatch(JSON.stringify([error.message, error.details]), /SECRET|HIDDEN/)
        }
      }),
      { numRuns: 2_000 },
    )
  })
})

function isWellFormed(text: string): boolean {
  try {
    encodeURIComponent(text)
    return true
  } catch {
    return false
  }
}
