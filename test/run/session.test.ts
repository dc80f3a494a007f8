// Alone in its process: it changes the environment.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { resolveConnectionTarget } from '../../lib/run/connection-target.js'
import { readConnection } from '../../lib/run/driver-options.js'
import type { ServerNotice } from '../../lib/run/server-error.js'
import { openSession } from '../../lib/run/session.js'
import { testDatabase } from '../../lib/testing/index.js'
import { localPort, recordingProxy, throughPort, tricklingProxy } from './fake-server.js'
import { open, serverError } from './open-session.js'
import { privateServer, targetOf } from './private-server.js'

describe('a session', () => {
  test('returns rows, with JavaScript types where nothing is lost', async (t) => {
    const session = await open(t)
    const rows = await session.query(`
      select 1 as small, 9007199254740993::bigint as big, 1.50::numeric as exact, true as yes, null as nothing,
             '{"a": [1]}'::jsonb as document, array['x', 'y'] as list, 'text' as text`)
    assert.deepEqual(rows, [
      {
        small: 1,
        big: '9007199254740993',
        exact: '1.50',
        yes: true,
        nothing: null,
        document: { a: [1] },
        list: '{x,y}',
        text: 'text',
      },
    ])
  })

  test('returns the rows of the row-returning statement, whatever stands around it', async (t) => {
    const session = await open(t)
    assert.deepEqual(await session.query('select 1 as a where false'), [])
    assert.deepEqual(await session.query("set search_path = ''; select 1 as a; set search_path = public"), [{ a: 1 }])
    assert.deepEqual(await session.query('select 1 as a; select 2 as b where false'), [])
    assert.deepEqual(await session.query('select 1 as a; select 2 as b'), [{ b: 2 }])
    assert.deepEqual(await session.query(''), [])
  })

  test('tells the command tag of every statement', async (t) => {
    const session = await open(t)
    const message = await session.send(
      'begin; create table a (id int primary key); insert into a values (1), (2); do $$ begin perform 1; end $$; ' +
        'select id from a order by id; commit',
    )
    assert.deepEqual(message, {
      completed: 6,
      commandTags: ['BEGIN', 'CREATE TABLE', 'INSERT 0 2', 'DO', 'SELECT 2', 'COMMIT'],
      lastRows: [{ id: 1 }, { id: 2 }],
      transactionStatus: 'idle',
    })
    assert.deepEqual((await session.send('-- nothing')).commandTags, [])
  })

  test('shows a COMMIT that was answered with ROLLBACK', async (t) => {
    const session = await open(t)
    await session.send('begin')
    assert.equal(session.transactionStatus, 'open')
    const error = await serverError(session.send('select 1/0'))
    assert.equal(error.sqlState, '22012')
    assert.equal(session.transactionStatus, 'failed')
    assert.deepEqual(await session.send('commit'), {
      completed: 1,
      commandTags: ['ROLLBACK'],
      lastRows: [],
      transactionStatus: 'idle',
    })
  })

  test('knows its backend from the login', async (t) => {
    const session = await open(t)
    assert.deepEqual(await session.query('select pg_backend_pid() as pid'), [{ pid: session.backendPid }])
    assert.equal(session.secret.length, 4)
    assert.match(session.parameters.get('server_version') ?? '', /^1[5-9]/)
  })

  test('displays the server but neither user nor password, and keeps its keys to itself', async (t) => {
    const database = await testDatabase(t)
    const session = await open(t, database.url)
    const { hostname, port, password } = new URL(database.url)
    assert.equal(session.display, `${hostname}:${port || 5432}/${database.name}`)
    assert.equal(JSON.stringify(session), JSON.stringify({ display: session.display }))
    if (password !== '') assert.ok(!JSON.stringify(session).includes(password))
  })

  test('passes notices on, and survives a listener that throws', async (t) => {
    const notices: ServerNotice[] = []
    const session = await open(t, undefined, {
      onNotice(notice) {
        notices.push(notice)
        throw new Error('the listener is broken')
      },
    })
    await session.send(
      `do $$ begin raise warning 'look' using hint = 'there', detail = 'closely', errcode = 'AB123'; end $$`,
    )
    assert.deepEqual(notices, [
      {
        severity: 'WARNING',
        code: 'AB123',
        message: 'look',
        detail: 'closely',
        hint: 'there',
        where: 'PL/pgSQL function inline_code_block line 1 at RAISE',
      },
    ])
    assert.deepEqual(await session.query('select 1 as a'), [{ a: 1 }])
  })

  test('refuses a second message while one is under way', async (t) => {
    const session = await open(t)
    const first = session.query('select pg_sleep(0.05), 1 as a')
    await assert.rejects(session.query('select 2'), /one message at a time/)
    assert.equal((await first).length, 1)
    assert.deepEqual(await session.query('select 3 as c'), [{ c: 3 }])
  })

  test('sends application name and settings at the start', async (t) => {
    const { url } = await testDatabase(t)
    const target = targetOf(`${url}?application_name=orders&options=-c%20statement_timeout%3D4321`)
    const session = await openSession(target)
    t.after(() => session.close())
    assert.deepEqual(
      await session.query("select current_setting('application_name') as a, current_setting('statement_timeout') as b"),
      [{ a: 'orders', b: '4321ms' }],
    )
  })

  test('uses a client by its options and leaves its transforms alone', async (t) => {
    const { sql, name } = await testDatabase(t)
    const target = resolveConnectionTarget(readConnection({ sql }), { connectTimeout: 5_000 }, {})
    const session = await openSession(target)
    t.after(() => session.close())
    assert.deepEqual(await session.query('select current_database() as the_name'), [{ the_name: name }])
  })

  test('is not led astray by what the driver reads from the environment', async (t) => {
    const { url } = await testDatabase(t)
    const variables = {
      PGTARGETSESSIONATTRS: 'any',
      PGSSL: 'require',
      PGPASSWORD: 'wrong',
      PGMAX: '7',
      PGIDLE_TIMEOUT: '1',
      PGFETCH_TYPES: 'true',
    }
    const before = { ...process.env }
    Object.assign(process.env, variables)
    try {
      const session = await openSession(targetOf(url))
      assert.equal(process.env['PGMAX'], '7')
      await session.close()
    } finally {
      for (const name of Object.keys(variables)) delete process.env[name]
      Object.assign(process.env, before)
    }
  })

  test('needs one round trip after the login, for the first query', async (t) => {
    const database = await testDatabase(t)
    const port = localPort(database.url)
    if (port === null) return t.skip('the server is not on this machine')
    const proxy = await recordingProxy(t, port)
    const session = await openSession(targetOf(throughPort(database.url, proxy.port)))
    const beforeQuery = proxy.said.length
    assert.ok(!Buffer.concat(proxy.said).includes(Buffer.from('Q\0\0\0\x05\0')))
    await session.query('select 1')
    await session.close()
    const packets = proxy.said.slice(beforeQuery).map((packet) => packet.toString('latin1'))
    assert.deepEqual(packets, ['Q\0\0\0\x0dselect 1\0', 'X\0\0\0\x04'])
  })

  test('understands a server whose words arrive in pieces', async (t) => {
    const place = await privateServer(t, 'tls')
    if (place === null) return
    for (const [mode, pieceLength] of [
      ['disable', 1],
      ['disable', 3],
      ['require', 7],
    ] as const) {
      const port = await tricklingProxy(t, place.port, pieceLength)
      const session = await open(t, `postgres://postgres:${place.password}@127.0.0.1:${port}/postgres?sslmode=${mode}`)
      assert.equal((await session.query('select generate_series(1, 20) as n')).length, 20)
      const error = await serverError(session.send('select 1; select 2; select 1/0; select 3'))
      assert.equal(error.completedStatements, 2)
      await session.close()
    }
  })

  test('reads an answer of several megabytes', async (t) => {
    const session = await open(t)
    const rows = await session.query<{ text: string }>("select repeat('x', 100000) as text from generate_series(1, 50)")
    assert.equal(rows.length, 50)
    assert.ok(rows.every(({ text }) => text.length === 100_000))
    const message = await session.send(`select 1; /* ${'y'.repeat(3_000_000)} */ select 2`)
    assert.equal(message.completed, 2)
  })
})

describe('an error of the server', () => {
  test('says how many statements completed before it', async (t) => {
    const session = await open(t)
    const error = await serverError(
      session.send(
        'begin; create table a (id int primary key); insert into a values (1); insert into a values (1); commit',
      ),
    )
    assert.equal(error.sqlState, '23505')
    assert.equal(error.completedStatements, 3)
    assert.deepEqual(error.commandTags, ['BEGIN', 'CREATE TABLE', 'INSERT 0 1'])
    assert.equal(error.constraint, 'a_pkey')
    assert.equal(error.schema, 'public')
    assert.equal(error.table, 'a')
    assert.equal(error.detail, 'Key (id)=(1) already exists.')
    assert.equal(error.position, null)
    assert.equal(session.transactionStatus, 'failed')
  })

  test('gives its position in code points of the message', async (t) => {
    const session = await open(t)
    const message = "select '😀😀'; select nowhere"
    const error = await serverError(session.send(message))
    assert.equal([...message].slice((error.position ?? 0) - 1).join(''), 'nowhere')
  })

  test('tells what happened inside a function', async (t) => {
    const session = await open(t)
    const error = await serverError(session.send("do $$ begin execute 'select * frm x'; end $$"))
    assert.equal(error.internalQuery, 'select * frm x')
    assert.equal(error.internalPosition, 10)
    assert.match(error.where ?? '', /inline_code_block line 1/)
  })

  test('carries neither the text that was sent nor the error of the driver', async (t) => {
    const session = await open(t)
    const error = await serverError(session.send("select 'TOPSECRET'; select 1/0"))
    const { inspect } = await import('node:util')
    assert.doesNotMatch(inspect(error, { showHidden: true, depth: 9 }), /TOPSECRET/)
    assert.equal(error.cause, undefined)
  })

  test('leaves the session usable', async (t) => {
    const session = await open(t)
    await serverError(session.query('selekt'))
    assert.deepEqual(await session.query('select 1 as a'), [{ a: 1 }])
  })

  test('leaves no holes in the next rows, also when rows had come before the error', async (t) => {
    const session = await open(t)
    await serverError(session.send('select 100 / (3 - i) from generate_series(1, 5) i'))
    assert.deepEqual(await session.query('select 1 as one'), [{ one: 1 }])
    await serverError(session.send('select 100 / (3 - i) from generate_series(1, 5) i'))
    assert.deepEqual((await session.send('select 1 as one; select 2 as two')).lastRows, [{ two: 2 }])
  })
})
