import assert from 'node:assert/strict'
import test from 'node:test'
import { drawFault, type Fault, type FaultKind, faultKinds, isInLastPart, type Measure, roundOf } from './fault.js'
import type { FaultResult } from './inject.js'
import { findShortcomings, isHarm, writeReport } from './report.js'
import { scenarios } from './scenarios.js'

const takeMeasure = async (): Promise<Measure> => ({ toServer: 1_000, toClient: 500, milliseconds: 100 })

async function draw(seed: number, count: number): Promise<readonly Fault[]> {
  return await Promise.all(
    Array.from({ length: count }, async (_, index) => await drawFault(seed, index, faultKinds, takeMeasure)),
  )
}

test('the same seed draws the same faults, another one others', async () => {
  assert.deepEqual(await draw(5, 50), await draw(5, 50))
  assert.notDeepEqual(await draw(5, 50), await draw(6, 50))
})

test('a hundred faults have every kind, every direction, and bytes all over the conversation', async () => {
  const faults = await draw(11, 100)
  assert.deepEqual([...new Set(faults.map(({ kind }) => kind))].sort(), [...faultKinds].sort())
  assert.equal(new Set(faults.map(({ direction }) => direction)).size, 2)
  assert.ok(faults.every(({ atByte, direction }) => atByte >= 0 && atByte < (direction === 'to-server' ? 1_000 : 500)))
  assert.ok(Math.min(...faults.map(({ atByte }) => atByte)) < 50)
  assert.ok(Math.max(...faults.map(({ atByte }) => atByte)) > 800)
  assert.ok(faults.every(({ mask }) => mask > 0 && mask < 256))
})

test('the last part of a conversation is drawn, to its last byte, and more often than its length would have it', async () => {
  const measure = await takeMeasure()
  const faults = await draw(17, 2_000)
  const late = faults.filter((fault) => isInLastPart(fault, measure))
  assert.ok(late.length > 80 && late.length < 320, `${late.length} of 2000`)
  for (const [direction, length] of [
    ['to-server', 1_000],
    ['to-client', 500],
  ] as const) {
    assert.ok(late.some((fault) => fault.direction === direction && fault.atByte >= length - 3))
  }
  assert.ok(late.every(({ atByte, direction }) => atByte >= (direction === 'to-server' ? 980 : 490)))
})

test('a thousand faults meet every scenario, and none that it is not for', async () => {
  const faults = await draw(23, 1_000)
  assert.deepEqual(
    [...new Set(faults.map(({ scenario }) => scenario))].sort(),
    scenarios.map(({ name }) => name).sort(),
  )
  for (const { name, except = [] } of scenarios) {
    assert.ok(!faults.some(({ scenario, kind }) => scenario === name && except.includes(kind)), name)
  }
  assert.ok(faults.some(({ scenario, kind }) => scenario === 'table' && kind === 'restart-immediate'))
})

/** A result of each of these kinds. */
async function resultsOf(kinds: readonly FaultKind[], change: Partial<FaultResult>): Promise<readonly FaultResult[]> {
  const [fault] = await draw(3, 1)
  assert.ok(fault)
  return kinds.map((kind) => ({
    fault: { ...fault, kind },
    struck: true,
    isLate: false,
    outcome: { end: 'refused', code: 'CONNECTION_LOST', sqlState: null, message: '' },
    other: null,
    hang: null,
    uncaught: [],
    repairs: 0,
    divergences: [],
    milliseconds: 1,
    ...change,
  }))
}

test('a run shows less than it was to show when too few faults strike, or none of some kind', async () => {
  const kinds = ['cut', 'cancel'] as const
  const round = roundOf(kinds)
  const [cuts, cancels, misses] = await Promise.all([
    resultsOf(
      Array.from({ length: round }, () => 'cut' as const),
      {},
    ),
    resultsOf(['cancel'], {}),
    resultsOf(['cancel', 'cancel'], { struck: false }),
  ])
  assert.deepEqual(findShortcomings([...cuts, ...cancels], { faults: round, kinds }), [])
  assert.deepEqual(findShortcomings([...cuts, ...misses], { faults: round, kinds }), ['no cancel struck'])
  assert.deepEqual(findShortcomings([...cuts, ...misses], { faults: round - 1, kinds }), [])
  assert.deepEqual(findShortcomings(misses, { faults: 2, kinds }), ['only 0 of 2 faults struck'])
  assert.deepEqual(findShortcomings([], { faults: 1, kinds }), ['only 0 of 1 faults struck'])
})

test('the report counts by kind, and anything wrong is harm', async () => {
  const [good] = await resultsOf(['cut'], { isLate: true, other: { end: 'done' } })
  assert.ok(good)
  assert.equal(isHarm(good), false)
  for (const bad of [
    { hang: 'it did not end' },
    { uncaught: ['x'] },
    { divergences: ['x'] },
    { outcome: { end: 'uncoded', message: 'x' } as const },
  ]) {
    assert.equal(isHarm({ ...good, ...bad }), true)
  }
  const done = { ...good, struck: false, isLate: true, outcome: { end: 'done' }, other: null } as const
  const report = writeReport([good, { ...good, hang: 'it did not end' }, done], ['cut'])
  assert.match(report, /^cut +3 +2 +1 +2 +0 +0 +3 +0 +0 +0 +1$/m)
  assert.match(report, /^cut {2}CONNECTION_LOST 2, done 1$/m)
  assert.match(report, /^errors: CONNECTION_LOST 2$/m)
  assert.match(report, new RegExp(`^struck, by scenario: ${good.fault.scenario} 2$`, 'm'))
  assert.match(report, /^struck in the last part of a conversation: 2$/m)
  assert.match(report, /^replicas beside one that was struck: done 2$/m)
})
