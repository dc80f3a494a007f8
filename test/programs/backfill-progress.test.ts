import assert from 'node:assert/strict'
import test from 'node:test'
import type { PlannedScript } from '../../lib/plan/plan.js'
import { refuseOrBeginAnew } from '../../lib/programs/backfill-obstacle.js'
import { type BackfillDetails, findBackfill } from '../../lib/programs/backfill-progress.js'

const identity = { database: '5', table: '16400' }
const details: BackfillDetails = {
  statement: 1,
  of: 1,
  line: 1,
  backfill: 'a',
  definition: 'd',
  identity,
  lastKey: ['60'],
  rows: 60,
  batches: 2,
}
const own = { module: 'billing', kind: 'versioned', version: '2', description: 'b', script: 'billing/V2__b.mjs' }
const batch = { ...own, event: 'progressed', sha256: 'f', details }
const script = { ...own, moduleRequires: ['catalogue'] }
const requires = new Map([['catalogue', ['core']]])

function overtakenBy(event: string, module: string, row: object = {}): string | null | undefined {
  const other = { event, module, kind: 'versioned', version: '1', description: 'x', script: `${module}/V1__x.sql` }
  return findBackfill(JSON.stringify([batch, { ...other, ...row }]), script, requires)?.overtakenBy
}

test('a half-done backfill is overtaken by what goes of its module and of those below it, over any number of steps', () => {
  for (const event of ['undone', 'dropped']) {
    assert.equal(overtakenBy(event, 'billing'), 'billing/V1__x.sql')
    assert.equal(overtakenBy(event, 'catalogue'), 'catalogue/V1__x.sql')
    assert.equal(overtakenBy(event, 'core'), 'core/V1__x.sql')
    assert.equal(overtakenBy(event, 'mail'), null)
  }
  assert.equal(overtakenBy('cleaned', 'core'), 'core/V1__x.sql')
  assert.equal(overtakenBy('applied', 'core'), null)
})

test('what is known of a backfill ends with its script, or with its module', () => {
  assert.equal(overtakenBy('cleaned', 'billing'), undefined)
  assert.equal(overtakenBy('applied', 'billing', { version: '2.0' }), undefined)
  assert.equal(overtakenBy('undone', 'billing', { version: '2' }), undefined)
  assert.equal(overtakenBy('repaired', 'billing', { version: '02' }), undefined)
})

test('a half-done backfill goes on in a copy of the database, where every table is another one', () => {
  const reference = { ...own, type: 'SCRIPT' }
  const planned = { reference, file: '/V2__b.mjs' } as unknown as PlannedScript
  const known = { details, sha256: 'f', overtakenBy: null }
  const now = (other: object) => ({ backfill: 'a', definition: 'd', identity: { ...identity, ...other } })
  assert.equal(refuseOrBeginAnew(planned, known, now({})), null)
  assert.equal(refuseOrBeginAnew(planned, known, now({ database: '6', table: '17000' })), null)
  assert.throws(() => refuseOrBeginAnew(planned, known, now({ table: '17000' })), /made anew after that/)
})
