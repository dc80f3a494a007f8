import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { compareVersions, equalVersions, parseTarget, parseVersion, type Version } from '../../lib/scripts/version.js'

function version(text: string): Version {
  return parseVersion(text) ?? assert.fail(`${text} should be a version`)
}

/** Version texts of every accepted shape, with leading and trailing zeros. */
const texts = fc
  .array(fc.tuple(fc.constantFrom('', '0', '00'), fc.bigInt({ min: 0n, max: 10n ** 20n })), {
    minLength: 1,
    maxLength: 5,
  })
  .chain((parts) =>
    fc
      .array(fc.constantFrom('.', '_'), {
        minLength: parts.length,
        maxLength: parts.length,
      })
      .map((marks) => parts.map(([zeros, value], index) => (index > 0 ? marks[index] : '') + zeros + value).join('')),
  )

suite('parseVersion', () => {
  test('keeps the display text as Flyway stores it', () => {
    assert.equal(version('20251223_112456').text, '20251223.112456')
    assert.equal(version('001').text, '001')
    assert.equal(version('1.0').text, '1.0')
  })

  test('drops trailing zero parts but never the first', () => {
    assert.deepEqual(version('1.0.0').parts, [1n])
    assert.deepEqual(version('0').parts, [0n])
    assert.deepEqual(version('0.0').parts, [0n])
    assert.deepEqual(version('1.0.2').parts, [1n, 0n, 2n])
  })

  for (const text of [
    '',
    '1.',
    '1_',
    '.1',
    '_1',
    '1..2',
    '1__2',
    'x',
    '1a',
    '1.a',
    ' 1',
    '1 ',
    '1\n',
    '0x1',
    '1e3',
    '1-2',
  ]) {
    test(`refuses ${JSON.stringify(text)}`, () => assert.equal(parseVersion(text), null))
  }

  test('refuses signs and foreign digits, which Flyway takes by accident', () => {
    for (const text of ['-1', '+1', '1.-2', '\u0661']) assert.equal(parseVersion(text), null)
  })

  test("refuses Flyway's marker words", () => {
    for (const text of ['latest', 'next', 'current']) assert.equal(parseVersion(text), null)
  })

  test('understands its own display text', () => {
    fc.assert(
      fc.property(texts, (text) => {
        const parsed = version(text)
        assert.deepEqual(version(parsed.text), parsed)
      }),
    )
  })
})

suite('compareVersions', () => {
  test('compares part by part as numbers', () => {
    assert.ok(compareVersions(version('1.10'), version('1.9')) > 0)
    assert.ok(compareVersions(version('20251223112456'), version('20251223_112456')) > 0)
    assert.ok(compareVersions(version('1'), version('1.0.1')) < 0)
  })

  test('takes 1, 1.0, 1_0_0 and 001 for one version', () => {
    for (const text of ['1.0', '1_0_0', '001', '1.00']) assert.ok(equalVersions(version('1'), version(text)), text)
  })

  test('tells apart versions that are equal as floating-point numbers', () => {
    const [a, b] = ['20260105100000001', '20260105100000002']
    assert.equal(Number(a), Number(b))
    assert.ok(compareVersions(version(a), version(b)) < 0)
  })

  test('is a total order', () => {
    fc.assert(
      fc.property(texts, texts, texts, (a, b, c) => {
        const [x, y, z] = [version(a), version(b), version(c)]
        assert.equal(compareVersions(x, x), 0)
        assert.equal(Math.sign(compareVersions(x, y)), -Math.sign(compareVersions(y, x)) + 0)
        if (compareVersions(x, y) <= 0 && compareVersions(y, z) <= 0) assert.ok(compareVersions(x, z) <= 0)
      }),
    )
  })

  test('is 0 exactly when the numbers agree without trailing zeros', () => {
    const numbers = fc.array(fc.bigInt({ min: 0n, max: 2n }), {
      minLength: 1,
      maxLength: 4,
    })
    const trimmed = (parts: bigint[]) => parts.join('.').replace(/(?:\.0)+$/, '')
    fc.assert(
      fc.property(numbers, numbers, (a, b) => {
        assert.equal(equalVersions(version(a.join('.')), version(b.join('_'))), trimmed(a) === trimmed(b))
      }),
    )
  })

  test('does not change when trailing zeros are added', () => {
    fc.assert(
      fc.property(texts, texts, (a, b) => {
        assert.equal(compareVersions(version(`${a}.0`), version(b)), compareVersions(version(a), version(`${b}_0_0`)))
      }),
    )
  })
})

test('targets are read as Flyway reads them', () => {
  assert.deepEqual(parseTarget('latest'), { kind: 'latest' })
  assert.deepEqual(parseTarget('CURRENT'), { kind: 'current' })
  assert.deepEqual(parseTarget('next?'), { kind: 'next' })
  assert.deepEqual(parseTarget('1_02'), {
    kind: 'version',
    version: { text: '1.02', parts: [1n, 2n] },
    mustExist: true,
  })
  assert.deepEqual(parseTarget('3?'), { kind: 'version', version: { text: '3', parts: [3n] }, mustExist: false })
  for (const text of ['', '?', 'newest', '1.', '-1', '1??', 'v1']) assert.equal(parseTarget(text), null, text)
})
