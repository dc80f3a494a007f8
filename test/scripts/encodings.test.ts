import assert from 'node:assert/strict'
import test from 'node:test'
import { optionTable } from '../../lib/config/option-table.js'
import { encodingOf, encodings } from '../../lib/scripts/encodings.js'

test('an encoding is known by the names that Java has for it, in any case', () => {
  for (const [name, encoding] of [
    ['UTF-8', 'utf-8'],
    ['UTF8', 'utf-8'],
    ['ISO-8859-1', 'iso-8859-1'],
    ['Latin1', 'iso-8859-1'],
    ['ISO8859_1', 'iso-8859-1'],
    ['Cp1252', 'windows-1252'],
    ['Windows-1252', 'windows-1252'],
    ['UTF-16LE', 'utf-16le'],
    ['X-UTF-16BE', 'utf-16be'],
  ] as const) {
    assert.equal(encodingOf(name), encoding, name)
  }
})

test('names of other encodings are none of ours, UTF-16 without its byte order too', () => {
  for (const name of ['UTF-16', 'US-ASCII', 'ISO-8859-15', 'utf-9', '', 'toString'])
    assert.equal(encodingOf(name), null, name)
})

test('every encoding is one by its own name, and those of the option are all', () => {
  for (const encoding of encodings) assert.equal(encodingOf(encoding.toUpperCase()), encoding)
  assert.deepEqual(optionTable.encoding.kind.values, encodings)
})
