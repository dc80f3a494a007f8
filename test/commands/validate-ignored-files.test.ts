import assert from 'node:assert/strict'
import test from 'node:test'
import { defineModule, type MigrationEvent, validateFiles } from '../../lib/index.js'
import { expectError } from '../support/expect-error.js'
import { writeScripts } from '../support/write-scripts.js'

const script = 'SELECT 1;'

/** What is told of patterns of `ignore` that left out nothing. */
function listen(): { readonly unused: string[]; readonly onEvent: (event: MigrationEvent) => void } {
  const unused: string[] = []
  return { unused, onEvent: (event) => void (event.type === 'ignoreUnused' && unused.push(event.pattern)) }
}

test('a pattern of ignore that leaves out a file of one folder is not told of for the others', async (t) => {
  const shop = writeScripts(t, { 'V1__a.sql': script, 'notes.sql': script })
  const bills = writeScripts(t, { 'V2__b.sql': script })
  const own = writeScripts(t, { 'V3__c.sql': script, 'run_all.sql': script })
  const modules = [
    'iam',
    defineModule({ name: 'shop', directory: shop.directory }),
    defineModule({ name: 'bills', directory: bills.directory }),
  ] as const
  const { unused, onEvent } = listen()
  const ignore = ['notes.sql', 'run_all.sql', 'gone.sql']
  await validateFiles({ modules, locations: own.directory, ignore, onEvent })
  assert.deepEqual(unused, ['gone.sql'])
})

test('where a folder cannot be read, nobody knows whether a pattern of ignore would leave out nothing', async (t) => {
  const own = writeScripts(t, { 'V3__c.sql': script, 'v4__wrong.sql': script })
  const modules = [defineModule({ name: 'gone', directory: `${own.directory}/gone` })]
  const { unused, onEvent } = listen()
  const work = validateFiles({ modules, locations: own.directory, ignore: ['of-gone.sql'], onEvent })
  const { details } = await expectError('VALIDATION_FAILED', work)
  assert.deepEqual(
    details.problems?.map(({ kind }) => kind),
    ['UNREADABLE_DIRECTORY', 'INVALID_NAME'],
  )
  assert.deepEqual(unused, [])
})

test('callbacks of the same name lie in two modules, and a script of the same version in two folders is one fault', async (t) => {
  const files = { 'V1__a.sql': script, 'afterMigrate.sql': script }
  const modules = ['shop', 'bills'].map((name) => defineModule({ name, directory: writeScripts(t, files).directory }))
  const { details } = await expectError('VALIDATION_FAILED', validateFiles({ modules }))
  assert.deepEqual(
    details.problems?.map(({ kind, script: path }) => [kind, path]),
    [['DUPLICATE_VERSIONED_MIGRATION', 'bills/V1__a.sql']],
  )
})
