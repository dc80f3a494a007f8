import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { failure, open, serverError } from './open-session.js'

describe('a COPY', () => {
  test('takes its data in pieces cut anywhere', async (t) => {
    const session = await open(t)
    await session.send('create table c (id int primary key, word text)')
    const { commandTags } = await session.send('begin; copy c from stdin; commit', [
      '1\ton',
      'e\n2\t',
      Buffer.from('two\n'),
    ])
    assert.deepEqual(commandTags, ['BEGIN', 'COPY 2', 'COMMIT'])
    assert.deepEqual(await session.query('select * from c order by id'), [
      { id: 1, word: 'one' },
      { id: 2, word: 'two' },
    ])
  })

  test('ends when the server rejects a row, and names it', async (t) => {
    const session = await open(t)
    await session.send('create table c (id int)')
    let pieces = 0
    const rows = function* () {
      for (; pieces < 100_000; pieces++) yield pieces === 1 ? 'x\n' : '1\n'.repeat(1000)
    }
    const error = await serverError(session.send('copy c from stdin', rows()))
    assert.equal(error.sqlState, '22P02')
    assert.match(error.where ?? '', /COPY c, line 1001, column id/)
    assert.ok(pieces < 100_000, 'the rest of the data was still read')
    assert.deepEqual(await session.query('select count(*) as n from c'), [{ n: '0' }])
  })

  test('fails when its data cannot be read, with the error of the reader', async (t) => {
    const session = await open(t)
    await session.send('create table c (id int)')
    const broken = new Error('the disk is gone')
    const rows = async function* () {
      yield '1\n'
      throw broken
    }
    await assert.rejects(session.send('copy c from stdin', rows()), broken)
    assert.deepEqual(await session.query('select count(*) as n from c'), [{ n: '0' }])
  })

  test('without data fails instead of waiting for ever', async (t) => {
    const session = await open(t)
    await session.send('create table c (id int)')
    const error = await serverError(session.send('select 1; copy c from stdin; select 2'))
    assert.equal(error.sqlState, '57014')
    assert.equal(error.serverMessage, 'COPY from stdin failed: its data is not part of the message')
    assert.equal(error.completedStatements, 1)
  })

  test('to the client is thrown away', async (t) => {
    const session = await open(t)
    await session.send('create table c as select generate_series(1, 50000) as id')
    assert.deepEqual((await session.send('copy c to stdout; select 1')).commandTags, ['COPY 50000', 'SELECT 1'])
    assert.deepEqual(await session.query('select 1 as a'), [{ a: 1 }])
  })

  test('that ends while its data is slow to come is not held up', async (t) => {
    const session = await open(t)
    await session.send('create table c (id int)')
    const started = performance.now()
    const rows = async function* () {
      yield 'x\n'
      await delay(10_000, undefined, { ref: false })
    }
    const error = await serverError(session.send('copy c from stdin', rows()))
    assert.equal(error.sqlState, '22P02')
    assert.ok(performance.now() - started < 5_000)
  })

  test('whose error arrives together with its beginning does not throw outside a promise', async (t) => {
    const session = await open(t)
    const error = await serverError(session.send('copy (select 1 / (3 - x) from generate_series(1, 5) x) to stdout'))
    assert.equal(error.sqlState, '22012')
    assert.deepEqual(await session.query('select 1 as a'), [{ a: 1 }])
  })

  test('a second one in a message costs the connection, as the driver cannot tell of it', async (t) => {
    const session = await open(t)
    await session.send('create table c (id int)')
    const error = await failure(session.send('copy c to stdout; copy c to stdout'), 'CONNECTION_LOST')
    assert.match(error.message, /one COPY only/)
  })
})
