import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import type { LedgerEvent } from '../../lib/history/ledger-entry.js'
import {
  findUnfinished,
  isSameScript,
  type ProgressRow,
  type UnfinishedScript,
} from '../../lib/history/script-progress.js'

function row(event: LedgerEvent, more: Partial<ProgressRow> = {}): ProgressRow {
  return {
    event,
    run: 'r',
    module: 'm',
    moduleRequires: ['base'],
    kind: 'versioned',
    version: '2',
    description: 'b',
    script: 'm/V2__b.sql',
    sha256: null,
    details: null,
    isOfStatement: false,
    ...more,
  }
}

const unit = (event: 'started' | 'progressed', statement: number, more: Partial<ProgressRow> = {}): ProgressRow =>
  row(event, { sha256: `s${statement}`, details: { statement, of: 9, line: statement }, ...more })

const failed = row('failed', { isOfStatement: true })

/** Per script: what is done, what is begun, and what overtook it. */
function summary(rows: readonly ProgressRow[]): readonly string[] {
  return findUnfinished(rows).map(({ version, description, progress }: UnfinishedScript) => {
    const { done, begun, overtakenBy } = progress
    const begunNow = begun === null ? '' : ` ${begun.sha256}${begun.hasFailed ? ' failed' : '?'}`
    const overtaken = overtakenBy === null ? '' : ` below ${overtakenBy}`
    return `${version ?? description}: ${done.map(({ sha256 }) => sha256).join(' ')};${begunNow}${overtaken}`
  })
}

suite('what the ledger knows of scripts that are not finished', () => {
  test('units that are done, and the one that is under way', () => {
    assert.deepEqual(summary([unit('progressed', 1), unit('started', 2)]), ['2: s1; s2?'])
    assert.deepEqual(summary([unit('progressed', 1), unit('started', 2), failed]), ['2: s1; s2 failed'])
    assert.deepEqual(summary([unit('started', 1), unit('progressed', 1), failed]), ['2: s1;'])
    assert.deepEqual(summary([unit('started', 1), failed, unit('started', 1)]), ['2: ; s1?'])
  })

  test('a failure around a statement tells nothing about the statement', () => {
    assert.deepEqual(summary([unit('started', 1), row('failed')]), ['2: ; s1?'])
    assert.deepEqual(summary([unit('started', 1), failed, row('failed')]), ['2: ; s1 failed'])
  })

  test('nothing behind its end, whichever it is', () => {
    for (const event of ['applied', 'adopted', 'undone', 'dropped'] as const) {
      assert.deepEqual(summary([unit('progressed', 1), unit('started', 2), row(event)]), [], event)
      assert.deepEqual(summary([unit('progressed', 1), row(event), unit('progressed', 1)]), ['2: s1;'], event)
    }
    assert.deepEqual(summary([row('failed'), failed]), [])
  })

  test('what people said about it', () => {
    const said = (unfinished: 'repeat' | 'restart') => row('repaired', { details: { unfinished } })
    assert.deepEqual(summary([unit('progressed', 1), unit('started', 2), said('repeat')]), ['2: s1; s2 failed'])
    assert.deepEqual(summary([unit('progressed', 1), unit('started', 2), said('restart')]), [])
    assert.deepEqual(summary([unit('progressed', 1), said('restart'), unit('progressed', 1)]), ['2: s1;'])
    assert.deepEqual(summary([unit('progressed', 1), row('repaired')]), ['2: s1;'], 'of its row in history')
  })

  test('one script is not another: of another module, kind or description', () => {
    const rows = [
      unit('progressed', 1),
      unit('progressed', 1, { version: '3' }),
      unit('progressed', 1, { version: null, kind: 'repeatable', description: 'x' }),
      unit('progressed', 1, { version: null, kind: 'repeatable', description: 'y' }),
      row('applied', { module: 'other' }),
      row('applied', { version: '3.0', script: 'm/elsewhere/V3_0__renamed.sql' }),
      row('applied', { version: null, kind: 'repeatable', description: 'y' }),
    ]
    assert.deepEqual(summary(rows), ['2: s1;', 'x: s1;'])
  })

  test('an undo in its module, in one that it requires, and in any for a script of no module, overtakes it', () => {
    const begun = [unit('progressed', 1), unit('progressed', 1, { module: '', moduleRequires: [], version: '7' })]
    const undone = (module: string) => row('undone', { module, version: '1', script: `${module}/V1` })
    assert.deepEqual(summary([...begun, undone('m')]), ['2: s1; below m/V1', '7: s1; below m/V1'])
    assert.deepEqual(summary([...begun, undone('base')]), ['2: s1; below base/V1', '7: s1; below base/V1'])
    assert.deepEqual(summary([...begun, undone('other')]), ['2: s1;', '7: s1; below other/V1'])
    assert.deepEqual(summary([undone('m'), ...begun]), ['2: s1;', '7: s1;'])
    const cleaned = row('cleaned', { version: null, description: '', script: 'm' })
    assert.deepEqual(summary([...begun, cleaned]), ['7: s1; below m'])
  })

  test('progress of programs is theirs', () => {
    assert.deepEqual(summary([row('progressed'), row('started')]), [])
  })

  test('as many units are done as were recorded since its last end', () => {
    const events = fc.constantFrom<LedgerEvent>('progressed', 'started', 'failed', 'applied', 'repaired', 'undone')
    fc.assert(
      fc.property(fc.array(events, { maxLength: 12 }), (list) => {
        const rows = list.map((event) =>
          event === 'progressed' || event === 'started' ? unit(event, 1) : row(event, { isOfStatement: true }),
        )
        const end = list.findLastIndex((event) => ['applied', 'undone'].includes(event))
        const expected = list.slice(end + 1).filter((event) => event === 'progressed').length
        assert.equal(findUnfinished(rows)[0]?.progress.done.length ?? 0, expected)
      }),
    )
  })
})

test('versions are the same however they are written', () => {
  const one = row('applied', { version: '2.0' })
  assert.equal(isSameScript(one, row('applied', { version: '2' })), true)
  assert.equal(isSameScript(one, row('applied', { version: '2.1' })), false)
  assert.equal(isSameScript(one, row('applied', { version: null })), false)
  assert.equal(isSameScript(one, row('applied', { kind: 'baseline' })), false)
})
