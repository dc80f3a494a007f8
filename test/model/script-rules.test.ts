import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'
import { defaultRoleNames } from '../../lib/model/role-names.js'
import { bundledModules } from '../../lib/modules/bundled.js'
import { bundledFiles } from './bundled-files.js'

const files = bundledFiles()
const isUndo = (name: string): boolean => name.startsWith('U')
const isRepeatable = (name: string): boolean => /^U?R__/.test(name)

test('the folders of the modules hold scripts only, and each belongs to its module by name', () => {
  const folders = bundledModules().map(({ name, directory }) => [name, readdirSync(directory)] as const)
  assert.equal(folders.flatMap(([, names]) => names).length, files.length)
  for (const [module, names] of folders) {
    const versioned = new RegExp(`^[VU]\\d{8}_\\d{6}__${module}_[a-z_]+\\.sql$`)
    const repeatable = new RegExp(`^U?R__\\d\\d_${module}_[a-z]+\\.sql$`)
    assert.ok(names.length > 0, module)
    for (const name of names) assert.match(name, isRepeatable(name) ? repeatable : versioned)
  }
})

test('every script has its undo twin', () => {
  const names = files.map(({ name }) => name)
  const twins = names.filter((name) => !isUndo(name)).map((name) => name.replace(/^V/, 'U').replace(/^R__/, 'UR__'))
  assert.deepEqual(twins.sort(), names.filter(isUndo).sort())
})

test('no version and no prefix of a repeatable is used twice, and versions ascend in the order of the modules', () => {
  const ups = files.filter(({ name }) => !isUndo(name)).map(({ name }) => name)
  const prefixes = ups.filter(isRepeatable).map((name) => name.slice('R__'.length, 'R__00'.length))
  assert.equal(new Set(prefixes).size, prefixes.length)
  const order = bundledModules().flatMap(({ directory }) =>
    readdirSync(directory)
      .filter((name) => name.startsWith('V'))
      .map((name) => name.slice('V'.length, 'V00000000_000000'.length))
      .sort(),
  )
  assert.deepEqual(order, [...new Set(order)].sort())
})

test('a repeatable names versions that exist in its module or in what its module requires', () => {
  const modules = new Map(bundledModules().map(({ name, requires }) => [name, [name, ...requires]]))
  for (const { name, text, module } of files.filter((file) => file.name.startsWith('R__'))) {
    const versions = /^-- schemaway: requires=(.+)$/m.exec(text)?.[1]?.split(',') ?? []
    assert.ok(versions.length > 0, name)
    for (const version of versions) {
      const owner = files.find((file) => file.name.startsWith(`V${version.replace('.', '_')}__`))
      assert.ok(owner !== undefined && modules.get(module)?.includes(owner.module), `${name} requires ${version}`)
    }
  }
})

test('a script begins by saying what it is about, as which role it runs, and that names are qualified', () => {
  for (const { name, text, module } of files) {
    const title = isUndo(name) ? new RegExp(`^-- Undo of ${module}: \\S`) : new RegExp(`^-- ${module}: \\S`)
    assert.match(text, title, name)
    const [first, second] = text.split('\n').filter((line) => line !== '' && !line.startsWith('--'))
    assert.equal(first === `SET LOCAL ROLE ${defaultRoleNames.owner};`, !name.includes('iam_roles'), name)
    assert.ok([first, second].includes('SET LOCAL search_path = pg_catalog;'), name)
  }
})

test('lines are short and end where their text does', () => {
  for (const { name, text } of files) {
    const wrong = text.split('\n').filter((line) => line.length > 120 || /\t|\s$/.test(line))
    assert.deepEqual(wrong, [], name)
    assert.match(text, /[^\n]\n$/, name)
  }
})

test('keywords are in upper case, names in lower case, and every placeholder is known', () => {
  for (const { name, text } of files) {
    const code = codeOf(text)
    assert.deepEqual(code.match(lowerCaseKeywords) ?? [], [], name)
    assert.deepEqual(code.match(/\b[a-z]\w*[A-Z]\w*\b/g) ?? [], [], name)
    assert.doesNotMatch(text, /\$\{/, name)
  }
})

test('a script may run again, and an undo script takes nothing along that it does not name', () => {
  for (const { name, text } of files) {
    const code = codeOf(text)
    assert.deepEqual(code.match(isUndo(name) ? failsWhenGone : failsWhenThere) ?? [], [], name)
    assert.doesNotMatch(isUndo(name) ? code : code.replaceAll('ON DELETE CASCADE', ''), /\bCASCADE\b/i, name)
  }
})

test('only iam has functions with the rights of their owner', () => {
  const names = files.filter(({ text }) => codeOf(text).includes('SECURITY DEFINER')).map(({ module }) => module)
  assert.deepEqual([...new Set(names)], ['iam'])
})

/** Keywords that are no names of ours. */
const keywords =
  'add alter and as begin between by case check comment conflict constraint create cross declare default delete ' +
  'distinct do drop else elsif end exception execute exists foreign for from function grant group having if ilike in ' +
  'insert into is join lateral like limit loop not null on or order perform policy primary raise references return ' +
  'returning returns revoke select set table then to union unique update using values view when where while with'
const lowerCaseKeywords = new RegExp(`\\b(?:${keywords.replaceAll(' ', '|')})\\b`, 'g')

const failsWhenThere =
  /\bCREATE (?:(?:TABLE|(?:UNIQUE )?INDEX|SCHEMA) (?!IF NOT EXISTS)|(?:FUNCTION|VIEW|TRIGGER|POLICY) )\S+/g
const failsWhenGone = /\bDROP (?!IF EXISTS)\w+ (?!IF EXISTS)\S+/g

/** The statements of a script: comments and everything in quotes left out, bodies of functions kept. */
function codeOf(text: string): string {
  return text.replace(/--.*$|'(?:[^']|'')*'|"[^"]*"/gm, ' ')
}
