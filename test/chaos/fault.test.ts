import assert from 'node:assert/strict'
import test from 'node:test'
import { drawFault, type Fault, faultKinds, type Measure } from './fault.js'
import { isHarm, writeReport } from './report.js'

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
  assert.ok(faults.every(({ atByte, direction }) => atByte >= 0 && atByte < (direction === 'to-server' ? 980 : 490)))
  assert.ok(Math.min(...faults.map(({ atByte }) => atByte)) < 50)
  assert.ok(Math.max(...faults.map(({ atByte }) => atByte)) > 800)
  assert.ok(faults.every(({ mask }) => mask > 0 && mask < 256))
})

test('the report counts by kind, and anything wrong is harm', async () => {
  const [fault] = await draw(3, 1)
  assert.ok(fault)
  const good = {
    fault,
    struck: true,
    outcome: { end: 'refused', code: 'CONNECTION_LOST', sqlState: null, message: '' },
    hang: null,
    uncaught: [],
    repairs: 0,
    divergences: [],
    milliseconds: 1,
  } as const
  assert.equal(isHarm(good), false)
  for (const bad of [
    { hang: 'it did not end' },
    { uncaught: ['x'] },
    { divergences: ['x'] },
    { outcome: { end: 'uncoded', message: 'x' } as const },
  ]) {
    assert.equal(isHarm({ ...good, ...bad }), true)
  }
  const report = writeReport([good, { ...good, hang: 'it did not end' }], [fault.kind])
  assert.match(report, new RegExp(`^${fault.kind} +2 +2 +0 +2 +0 +0 +2 +0 +0 +0 +1$`, 'm'))
  assert.match(report, /errors: CONNECTION_LOST 2/)
})
