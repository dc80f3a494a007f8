import assert from 'node:assert/strict'
import { isAbsolute } from 'node:path'
import test from 'node:test'
import { defineModule, type ModuleDefinition } from '../../lib/modules/define-module.js'
import { refusal } from '../plan/refusal.js'

const directory = '/srv/billing/sql'

function refused(definition: unknown): string {
  return refusal('INVALID_MODULES', () => defineModule(definition as ModuleDefinition)).message
}

test('a module requires nothing and owns the schema of its name, unless it says otherwise', () => {
  assert.deepEqual(defineModule({ name: 'billing', directory }), {
    name: 'billing',
    directory,
    requires: [],
    schemas: ['billing'],
    isBundled: false,
  })
  const given = { name: 'billing', directory, requires: ['iam', 'iam'], schemas: ['Billing', 'audit', 'audit'] }
  const { requires, schemas } = defineModule(given)
  assert.deepEqual({ requires, schemas }, { requires: ['iam'], schemas: ['Billing', 'audit'] })
  assert.deepEqual(defineModule({ name: 'link', directory, schemas: [] }).schemas, [])
})

test('a module cannot be changed, and does not follow the lists it was made from', () => {
  const requires = ['iam']
  const module = defineModule({ name: 'billing', directory, requires })
  requires.push('another')
  assert.deepEqual(module.requires, ['iam'])
  assert.throws(() => Object.assign(module, { name: 'x' }), TypeError)
  assert.throws(() => (module.requires as string[]).push('x'), TypeError)
  assert.throws(() => (module.schemas as string[]).push('x'), TypeError)
})

test('a directory is a file: URL, its text, or an absolute path; spaces and signs are decoded', () => {
  const url = new URL('./my sql %25/', 'file:///srv/')
  for (const given of [url, url.href]) {
    const { directory: path } = defineModule({ name: 'billing', directory: given })
    assert.equal(path, '/srv/my sql %/')
    assert.ok(isAbsolute(path))
  }
})

test('a relative directory is refused: it would depend on where the process was started', () => {
  for (const relative of ['./sql', 'sql', '../sql', '']) {
    const message = refused({ name: 'billing', directory: relative })
    assert.match(message, /`directory` of module billing must be an absolute path or a file: URL, such as new URL\(/)
  }
})

test('a directory of another kind is refused', () => {
  for (const wrong of [undefined, null, 5, ['/sql'], '/sql\0']) {
    assert.match(refused({ name: 'billing', directory: wrong }), /`directory` of module billing must be/)
  }
  for (const wrong of [new URL('https://h/sql'), 'file://host/share', 'file:///a%2Fb', new URL('file:///a%2Fb')]) {
    assert.match(refused({ name: 'billing', directory: wrong }), /is not the URL of a folder on this machine/)
  }
})

test('a name that would need quotes, or is too long, is refused', () => {
  for (const name of ['', 'Billing', 'bil-ling', '1st', 'a/b', '../x', 'a b', 'é', 'x'.repeat(41)]) {
    assert.match(refused({ name, directory }), /its name must be plain lower-case text such as "billing", not "/)
  }
  for (const name of [undefined, null, 5, 5n, {}, Symbol('x')]) {
    assert.match(refused({ name, directory }), /not a value of type /)
  }
  assert.equal(defineModule({ name: 'x'.repeat(40), directory }).name.length, 40)
})

test('the name of a bundled module is refused: its scripts would be taken for the bundled ones', () => {
  assert.match(refused({ name: 'iam', directory }), /iam is the name of a bundled module; choose another name/)
})

test('a module that requires itself is refused', () => {
  assert.match(refused({ name: 'billing', directory, requires: ['billing'] }), /module billing requires itself/)
})

test('requires and schemas must be lists of names', () => {
  for (const wrong of ['iam', [5], [''], [undefined], {}]) {
    assert.match(
      refused({ name: 'billing', directory, requires: wrong }),
      /`requires` of module billing must be a list/,
    )
    assert.match(refused({ name: 'billing', directory, schemas: wrong }), /`schemas` of module billing must be a list/)
  }
  for (const schema of ['s'.repeat(64), 'é'.repeat(32), 'a\0b']) {
    assert.match(refused({ name: 'billing', directory, schemas: [schema] }), /at most 63 bytes each/)
  }
})

test('an unknown part of a definition is refused, and so is what is no definition', () => {
  assert.match(
    refused({ name: 'billing', directory, require: [] }),
    /`require` is not part of a module; known are name/,
  )
  for (const wrong of [undefined, null, 'billing', 5]) assert.match(refused(wrong), /has to be described by an object/)
})

test('a module says how its files are named, in one of three styles', () => {
  const { naming } = defineModule({ name: 'billing', directory: '/sql', naming: 'numbered' })
  assert.equal(naming, 'numbered')
  assert.equal('naming' in defineModule({ name: 'billing', directory: '/sql' }), false)
  assert.throws(
    () => defineModule({ name: 'billing', directory: '/sql', naming: 'rails' as 'flyway' }),
    /`naming` of module billing must be one of flyway, up-down, numbered/,
  )
})
