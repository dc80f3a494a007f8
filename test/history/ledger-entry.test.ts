import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { findBrokenLink, hashEntry, type LedgerEntry, type LedgerRow } from '../../lib/history/ledger-entry.js'
import { entry as anyEntry, arbitraryEntry, chain } from './arbitrary-ledger.js'

const entry: LedgerEntry = { ...anyEntry, checksum: -5 }

/** Every field that the hash covers, and the hash itself. */
const covered = [...Object.keys(entry), 'details', 'hash'] as (keyof LedgerRow)[]

const arbitraryRows = fc.array(arbitraryEntry, { minLength: 1, maxLength: 6 }).map(chain)

/** Another value of the same type, as somebody might put it in. */
function edited(value: LedgerRow[keyof LedgerRow], by: string): unknown {
  if (typeof value === 'number') return value === 0 ? 1 : -value
  if (typeof value === 'string') return `${value}${by}`
  return value === null || value === undefined ? by : [...value, by]
}

test('the hash of an entry stays the same over releases, or every ledger would count as edited', () => {
  assert.equal(hashEntry(entry, null), '23645f094e6ef9deb6ece7a9e4331b7449f7863f47d3b8c1d363a03cd02d1302')
})

test('an empty ledger, and a whole one, have no broken link', () => {
  assert.equal(findBrokenLink([]), null)
  fc.assert(fc.property(arbitraryRows, (rows) => assert.equal(findBrokenLink(rows), null)))
})

test('property: an edit of any covered field of any row is found at that row', () => {
  fc.assert(
    fc.property(
      arbitraryRows,
      fc.nat(),
      fc.constantFrom(...covered),
      fc.string({ minLength: 1 }),
      (rows, at, field, by) => {
        const index = at % rows.length
        const changed = rows.map((row, position) =>
          position === index ? ({ ...row, [field]: edited(row[field], by) } as LedgerRow) : row,
        )
        const broken = findBrokenLink(changed)
        assert.equal(broken?.id, rows[index]?.id)
      },
    ),
    { numRuns: 500 },
  )
})

test('property: null, an empty text, an empty list and the text "null" are told apart', () => {
  const optional = ['version', 'sha256', 'undoScript', 'undoText', 'error', 'details'] as const
  fc.assert(
    fc.property(arbitraryEntry, fc.constantFrom(...optional), (one, field) => {
      const hashes = [null, '', 'null', '[]'].map((value) => hashEntry({ ...one, [field]: value }, null))
      assert.equal(new Set(hashes).size, hashes.length)
    }),
  )
  const lists = [[], [''], ['', ''], [','], ['","'], ['a', 'b'], ['a,b'], ['a","b']]
  const hashes = lists.map((placeholders) => hashEntry({ ...entry, placeholders }, null))
  assert.equal(new Set(hashes).size, lists.length)
})

test('property: text that moves from one field to its neighbour is found', () => {
  const pairs = [
    ['module', 'kind'],
    ['description', 'script'],
    ['undoScript', 'undoText'],
    ['login', 'client'],
  ] as const
  fc.assert(
    fc.property(arbitraryEntry, fc.constantFrom(...pairs), fc.string({ minLength: 1 }), (one, [left, right], part) => {
      const before = hashEntry({ ...one, [left]: `a${part}`, [right]: 'b' }, null)
      assert.notEqual(hashEntry({ ...one, [left]: 'a', [right]: `${part}b` }, null), before)
    }),
  )
})

test('property: a row missing at the beginning or in the middle is found; at the end nothing follows it', () => {
  fc.assert(
    fc.property(arbitraryRows, fc.nat(), (rows, at) => {
      const index = at % rows.length
      const broken = findBrokenLink(rows.filter((_row, position) => position !== index))
      assert.equal(broken, index === rows.length - 1 ? null : rows[index + 1])
    }),
  )
})

test('property: two rows that changed places are found, wherever they stand', () => {
  fc.assert(
    fc.property(arbitraryRows, fc.nat(), fc.nat(), (rows, a, b) => {
      const [first, second] = [a % rows.length, b % rows.length]
      fc.pre(first !== second)
      const swapped = rows.with(first, rows[second] as LedgerRow).with(second, rows[first] as LedgerRow)
      assert.equal(findBrokenLink(swapped), rows[Math.max(first, second)])
    }),
  )
})

test('property: a row written twice, or one put in between with a hash of its own, is found', () => {
  fc.assert(
    fc.property(arbitraryRows, fc.nat(), arbitraryEntry, (rows, at, forged) => {
      const index = at % rows.length
      const row = rows[index] as LedgerRow
      assert.notEqual(findBrokenLink(rows.toSpliced(index, 0, row)), null)
      fc.pre(index < rows.length - 1)
      const between = { ...row, ...forged, hash: hashEntry(forged, row.hash) }
      assert.equal(findBrokenLink(rows.toSpliced(index + 1, 0, between)), rows[index + 1])
    }),
  )
})

test('what only the server knows is not covered: the number of a row, when it was written and how long it took', () => {
  const rows = chain([entry, { ...entry, event: 'undone' }])
  assert.equal(
    findBrokenLink(rows.map((row) => ({ ...row, id: row.id * 100, occurredAt: 'now', executionTime: 5 }))),
    null,
  )
})

test('a chain that is written anew from the edit on cannot be told from an honest one', () => {
  assert.equal(findBrokenLink(chain([entry, { ...entry, undoText: 'edited' }, entry])), null)
})
