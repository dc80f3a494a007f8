import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fitsNumeric, roundNumeric } from '../../lib/schemas/numeric.js'

const money = { precision: 14, scale: 2 }

test('a value is rounded to the scale before it is measured, halves away from zero', () => {
  const values = { '1.005': 1.01, '-1.005': -1.01, '1.0049': 1, '0.004': 0, '-0.004': 0, '1e-3': 0, '12.5e1': 125 }
  for (const [text, rounded] of Object.entries(values)) assert.equal(roundNumeric(text, money), rounded, text)
  assert.equal(fitsNumeric('999999999999.994', money), true)
  assert.equal(fitsNumeric('999999999999.995', money), false)
  assert.equal(fitsNumeric('-1e12', money), false)
  assert.equal(fitsNumeric('0.00000000000000000000000001', money), true)
})

test('NaN fits everywhere, the infinities only where there are no limits', () => {
  assert.equal(fitsNumeric('NaN', money), true)
  assert.equal(fitsNumeric('Infinity', money), false)
  assert.equal(fitsNumeric('-Infinity', null), true)
})

test('without limits a number has at most 131072 digits before and 16383 behind the point', () => {
  assert.equal(fitsNumeric('9'.repeat(131072), null), true)
  assert.equal(fitsNumeric('9'.repeat(131073), null), false)
  assert.equal(fitsNumeric(`0.${'9'.repeat(16383)}`, null), true)
  assert.equal(fitsNumeric(`0.${'9'.repeat(16384)}`, null), false)
})

test('what is not a number is refused', () => {
  for (const text of ['', '.', '-', 'e5', '1e', '1 ', '1_000', '0x1', '1,5', '1\n']) {
    assert.equal(fitsNumeric(text, null), false, text)
  }
})
