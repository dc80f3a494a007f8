import assert from 'node:assert/strict'
import { join, resolve } from 'node:path'
import test from 'node:test'
import { pathToFileURL } from 'node:url'
import { defineModule, type Module } from '../../lib/modules/define-module.js'
import { selectModules } from '../../lib/modules/select-modules.js'
import { refusal } from '../plan/refusal.js'

const directory = '/srv/sql'

function own(name: string, ...requires: readonly string[]): Module {
  return defineModule({ name, directory: `/srv/${name}`, requires })
}

function shipped(name: string, requires: readonly string[] = [], schemas: readonly string[] = [name]): Module {
  return Object.freeze({ name, directory: `/package/sql/${name}`, requires, schemas, isBundled: true })
}

/** Bundled modules with two links, as if the package had them. */
const catalogue = [
  shipped('base'),
  shipped('survey', ['base']),
  shipped('phone', ['base']),
  shipped('survey_phone', ['survey', 'phone'], []),
  shipped('base_phone', ['base', 'phone'], []),
]

function select(modules: readonly (string | Module)[] | undefined, mustBeComplete = true): readonly string[] {
  return selectModules({ modules }, mustBeComplete, () => catalogue).modules.map((module) => module.name)
}

function refused(modules: readonly unknown[], mustBeComplete = true): ReturnType<typeof refusal> {
  return refusal('INVALID_MODULES', () => select(modules as readonly string[], mustBeComplete))
}

test('without modules and locations every bundled module is selected, in order', () => {
  assert.deepEqual(
    select(undefined),
    catalogue.map((module) => module.name),
  )
})

test('with locations alone no bundled module is selected, nor are its files looked for', () => {
  const selection = selectModules({ locations: directory }, true, () => assert.fail('it was looked for'))
  assert.deepEqual(selection, { modules: [], locations: [directory] })
})

test('modules of the caller alone do not look for bundled SQL, which a bundler may have left behind', () => {
  const selection = selectModules({ modules: [own('billing')] }, true, () => assert.fail('it was looked for'))
  assert.deepEqual(
    selection.modules.map((module) => module.name),
    ['billing'],
  )
})

test('an empty list beside locations selects no module', () => {
  assert.deepEqual(selectModules({ modules: [], locations: directory }, true).modules, [])
})

test('a module comes after all it requires, otherwise the order of the caller holds', () => {
  const modules = [own('c', 'b'), own('z'), own('b', 'a', 'base'), own('a'), 'base']
  assert.deepEqual(select(modules), ['a', 'base', 'b', 'c', 'z'])
})

test('a link joins by itself as soon as all that it requires is selected, and not before', () => {
  assert.deepEqual(select(['base', 'survey']), ['base', 'survey'])
  assert.deepEqual(select(['base', 'phone']), ['base', 'phone', 'base_phone'])
  assert.deepEqual(select(['phone', 'survey', 'base']), ['base', 'phone', 'survey', 'survey_phone', 'base_phone'])
})

test('a link that is selected by name is there once, and needs what it requires', () => {
  assert.deepEqual(select(['base', 'phone', 'base_phone']), ['base', 'phone', 'base_phone'])
  assert.match(refused(['base', 'base_phone']).message, /module base_phone requires phone, which is not selected/)
})

test('a link of the caller is a module without a schema, selected like any other', () => {
  const link = defineModule({ name: 'billing_phone', directory, requires: ['billing', 'phone'], schemas: [] })
  const names = select([link, own('billing', 'base'), 'phone', 'base'])
  assert.deepEqual(names, ['base', 'billing', 'phone', 'billing_phone', 'base_phone'])
})

test('a requirement that is not selected is named together with what to add', () => {
  const error = refused([own('billing', 'base', 'phone', 'own'), own('own')])
  assert.match(error.message, /module billing requires base and phone, which are not selected; add 'base', 'phone' to/)
  assert.deepEqual(error.details.modules, ['billing', 'base', 'phone'])
})

test('a rollback of a part need not select what the part requires, and still gets it in order', () => {
  assert.deepEqual(select([own('c', 'b', 'nowhere'), own('b')], false), ['b', 'c'])
  assert.deepEqual(select(['base'], false), ['base', 'base_phone'])
})

test('a rollback of one end of a link takes the link along', () => {
  assert.deepEqual(select(['survey'], false), ['survey', 'survey_phone'])
  assert.deepEqual(select(['phone'], false), ['phone', 'survey_phone', 'base_phone'])
  assert.deepEqual(select([own('billing')], false), ['billing'])
})

test('a name that is not bundled is refused with the names that are', () => {
  const error = refused(['base', 'billing'])
  assert.match(
    error.message,
    /"billing" is not a bundled module \(there are base, survey, phone, survey_phone, base_phone\)/,
  )
  assert.match(error.message, /defineModule\(\{ name: 'billing', \.\.\. \}\)/)
})

test('a module selected twice is refused, by name or as object', () => {
  assert.match(refused(['base', 'base']).message, /module base is selected twice/)
  assert.match(refused([own('billing'), own('billing')]).message, /module billing is selected twice/)
})

test('modules that require each other in a circle are refused with the circle', () => {
  const error = refused([own('lead', 'a'), own('a', 'b'), own('b', 'c'), own('c', 'a')])
  assert.match(error.message, /modules require each other in a circle: a -> b -> c -> a/)
  assert.deepEqual(error.details.modules, ['a', 'b', 'c', 'a'])
  assert.match(refused([own('a', 'b'), own('b', 'a')], false).message, /a -> b -> a/)
})

test('many modules that all require each other downwards are ordered without delay', () => {
  const modules = Array.from({ length: 200 }, (_, index) =>
    own(`m${index}`, ...Array.from({ length: index }, (_unused, lower) => `m${lower}`)),
  )
  assert.deepEqual(
    select(modules.toReversed()),
    modules.map((module) => module.name),
  )
})

test('an object that defineModule() did not make is refused, or checked as if it had come from there', () => {
  for (const object of [{}, { name: 'x' }, { name: 'x', directory }, new Map()]) {
    assert.match(refused([object]).message, /neither a name nor made by defineModule\(\)/)
  }
  const forged = { name: '../x', directory: 'relative', requires: 'base', schemas: [], isBundled: true }
  assert.match(refused([forged]).message, /its name must be plain lower-case text/)
  assert.match(refused([{ ...forged, name: 'x' }]).message, /`requires` of module x/)
  assert.match(refused([{ ...forged, name: 'x', requires: [] }]).message, /`directory` of module x/)
})

test('a module from another copy of this package is accepted, never as a bundled one', () => {
  const foreign = { ...own('billing'), isBundled: true }
  const { modules } = selectModules({ modules: [foreign] }, true)
  assert.deepEqual(modules, [own('billing')])
})

test('an object under the name of a bundled module is refused', () => {
  const error = refused([{ ...own('billing'), name: 'iam' }])
  assert.match(error.message, /an object named 'iam'; select the bundled module by its name/)
})

test('locations are folders in every way Flyway and Node.js write them', () => {
  const locations = (value: string | URL | readonly (string | URL)[]): readonly string[] =>
    selectModules({ locations: value }, true).locations
  assert.deepEqual(locations('db/migration'), [resolve('db/migration')])
  assert.deepEqual(locations('filesystem:db/migration/'), [resolve('db/migration')])
  assert.deepEqual(locations('filesystem:/srv/sql'), ['/srv/sql'])
  assert.deepEqual(locations('/srv/./sql//'), ['/srv/sql'])
  assert.deepEqual(locations(pathToFileURL('/srv/my sql')), ['/srv/my sql'])
  assert.deepEqual(locations('file:///srv/my%20sql/'), ['/srv/my sql'])
  assert.deepEqual(locations(['a', pathToFileURL('/b')]), [resolve('a'), '/b'])
})

test('a location that is given twice, or lies in another, is read once, as Flyway does', () => {
  const given = ['/srv/sql/more', '/srv/sql/', 'filesystem:/srv/sql', '/srv/sqlite']
  assert.deepEqual(selectModules({ locations: given }, true).locations, ['/srv/sql', '/srv/sqlite'])
  assert.deepEqual(selectModules({ locations: ['/', '/srv'] }, true).locations, ['/'])
})

test('a URL of a folder that ends before a ? or # is refused instead of cut', () => {
  for (const [text, character] of [
    ['file:///db/r?/sql', /before its \?; name the folder by its path, or write %3F/],
    ['file:///db/a#b', /before its #; .* or write %23/],
  ] as const) {
    for (const location of [text, new URL(text)]) {
      assert.match(refusal('INVALID_OPTIONS', () => selectModules({ locations: location }, true)).message, character)
    }
  }
})

test('a location that is no folder of this machine is refused', () => {
  for (const location of ['classpath:db/migration', 's3:bucket/sql', 'https://u:hunter2@h/sql']) {
    const error = refusal('INVALID_OPTIONS', () => selectModules({ locations: location }, true))
    assert.match(error.message, /a location begins with (classpath|s3|https):, but only folders can be read/)
    assert.doesNotMatch(JSON.stringify(error), /hunter2/)
  }
  const error = refusal('INVALID_OPTIONS', () => selectModules({ locations: 'file://host/share' }, true))
  assert.match(error.message, /file:\/\/host\/share is not the URL of a folder on this machine/)
  assert.equal(error.details.option, 'locations')
})

test('modules and locations may be selected together', () => {
  const selection = selectModules({ modules: ['base'], locations: join(directory, 'more') }, true, () => catalogue)
  assert.equal(selection.modules.length, 1)
  assert.deepEqual(selection.locations, [join(directory, 'more')])
})
