import assert from 'node:assert/strict'
import test from 'node:test'
import { shareScripts } from '../../lib/plan/shared-scripts.js'
import { errorOf, scriptFileOf } from '../scripts/script-file-of.js'

const { parse } = shareScripts({ files: [], callbacks: [] })

test('a script is parsed once for all that give its own placeholders the same values', () => {
  const file = scriptFileOf("SELECT '${tenant}';")
  const first = parse(file, new Map([['tenant', 'acme']]))
  assert.equal(first.text, "SELECT 'acme';")
  const others = new Map([
    ['other', 'x'],
    ['tenant', 'acme'],
  ])
  assert.equal(parse(file, others), first)
  const second = parse(file, new Map([['tenant', 'globex']]))
  assert.equal(second.text, "SELECT 'globex';")
  assert.equal(parse(file, new Map([['tenant', 'acme']])), first)
  const same = scriptFileOf("SELECT '${tenant}';")
  assert.notEqual(parse(same, others), first)
})

test('a script without placeholders is parsed once', () => {
  const file = scriptFileOf('SELECT 1;')
  assert.equal(parse(file, new Map([['tenant', 'acme']])), parse(file, new Map()))
})

test('of many variants of one script only the newest are kept', () => {
  const file = scriptFileOf("SELECT '${tenant}';")
  const parsed = Array.from({ length: 20 }, (_, number) => parse(file, new Map([['tenant', String(number)]])))
  const again = parsed.map((one, number) => parse(file, new Map([['tenant', String(number)]])) === one)
  assert.ok(again.slice(0, 12).every((isSame) => !isSame))
})

test('a value that is missing fails for whoever lacks it, before and after others had one', () => {
  const file = scriptFileOf("SELECT '${tenant}';")
  for (const _ of ['before', 'after']) {
    assert.equal(errorOf(() => parse(file, new Map())).code, 'UNKNOWN_PLACEHOLDER')
    parse(file, new Map([['tenant', 'acme']]))
  }
})
