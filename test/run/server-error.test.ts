import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { readNotice, readServerFields, ServerError } from '../../lib/run/server-error.js'

describe('ServerError', () => {
  test('has every field of the protocol under a name', () => {
    const body =
      'SFEHLER\0VERROR\0C42601\0Msyntax\0Ddetail\0Hhint\0P12\0p3\0qselect x\0Wwhere\0sschema\0ttable\0ccolumn\0nconstraint\0Rroutine\0Ffile.c\0L7\0\0'
    const { name, message, stack: _, ...fields } = new ServerError(readServerFields(Buffer.from(body)), ['BEGIN', 'DO'])
    assert.equal(name, 'ServerError')
    assert.equal(message, 'syntax (42601)')
    assert.deepEqual(fields, {
      sqlState: '42601',
      severity: 'ERROR',
      serverMessage: 'syntax',
      detail: 'detail',
      hint: 'hint',
      where: 'where',
      position: 12,
      internalPosition: 3,
      internalQuery: 'select x',
      schema: 'schema',
      table: 'table',
      column: 'column',
      constraint: 'constraint',
      routine: 'routine',
      completedStatements: 2,
      commandTags: ['BEGIN', 'DO'],
    })
  })

  test('is complete although the server said next to nothing', () => {
    const error = new ServerError(new Map([['S', 'FATAL']]), [])
    assert.equal(error.severity, 'FATAL')
    assert.equal(error.sqlState, 'XX000')
    assert.equal(error.position, null)
    assert.equal(error.detail, null)
  })
})

describe('readServerFields', () => {
  test('keeps text that is not ASCII, and ends where the fields do', () => {
    assert.deepEqual(
      readServerFields(Buffer.from('MÄ 😀\0C1\0\0rest')),
      new Map([
        ['M', 'Ä 😀'],
        ['C', '1'],
      ]),
    )
  })

  test('survives a body that is cut off', () => {
    assert.deepEqual(readServerFields(Buffer.from('')), new Map())
    assert.deepEqual(readServerFields(Buffer.from('Mno end')), new Map())
    assert.deepEqual(
      readServerFields(Buffer.from('M\0Cx\0')),
      new Map([
        ['M', ''],
        ['C', 'x'],
      ]),
    )
  })
})

test('readNotice fills what the server left out', () => {
  assert.deepEqual(
    readNotice(
      new Map([
        ['M', 'hello'],
        ['S', 'HINWEIS'],
      ]),
    ),
    {
      severity: 'HINWEIS',
      code: '00000',
      message: 'hello',
      detail: null,
      hint: null,
      where: null,
    },
  )
})
