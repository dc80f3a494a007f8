import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { createMask } from '../../lib/run/mask.js'

test('a value that is part of another one leaves nothing of it', () => {
  const mask = createMask(
    new Map([
      ['user', 'anna'],
      ['password', 'anna-geheim'],
    ]),
  )
  assert.equal(mask('anna-geheim anna'), '${password} ${user}')
})

test('a long value that the server cut off is hidden as far as it was shown', () => {
  const value = 'geheimnis-'.repeat(20)
  const mask = createMask(new Map([['long', value]]))
  for (const length of [32, 33, 59, 63, 64, 199, 200]) {
    assert.equal(mask(`row (1, x${value.slice(0, length)}..., 2)`), 'row (1, x${long}..., 2)', String(length))
  }
  assert.equal(mask(value + value), '${long}${long}')
  assert.equal(mask(value.slice(0, 31)), value.slice(0, 31))
})

test('property: no value of at least four characters is left, and a text without one stays as it is', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '$', '\\', '&') })
  fc.assert(
    fc.property(fc.array(fc.tuple(text, text, text)), (parts) => {
      const value = 'zwyx$&1'
      const mask = createMask(new Map([['v', value]]))
      const given = parts.map(([before]) => before + value).join('')
      assert.equal(mask(given), parts.map(([before]) => `${before}\${v}`).join(''))
      assert.equal(mask(given.replaceAll(value, '')), given.replaceAll(value, ''))
    }),
  )
})
