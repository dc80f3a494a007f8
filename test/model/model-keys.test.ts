import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readCatalogue } from '../../lib/catalogue/read-catalogue.js'
import { allSchemas } from './bundled-files.js'
import { type ForeignKey, readForeignKeys } from './foreign-keys.js'
import { modelDatabase } from './model-database.js'

const globalTables = ['iam.organisations', 'iam.users']

/** Indexes that cannot lead with the tenant: login comes before it is known, and workers claim over all tenants. */
const indexExceptions = [
  'ix_organisation_users_user_id',
  'ix_email_notifications_queue',
  'ix_webhook_deliveries_queue',
  'ix_events_queue',
  'ix_tasks_queue',
]

test('the keys and indexes of the complete model keep tenants apart', async (t) => {
  const { sql } = await modelDatabase(t)
  const { tables } = await readCatalogue(sql, allSchemas)
  const own = tables.filter(({ partitionOf }) => partitionOf === null)
  const ofTenants = own.filter(({ name }) => !globalTables.includes(name))
  const keys = await readForeignKeys(sql, allSchemas)

  await t.test('every tenant table has the tenant key first, not null, from the context', () => {
    assert.equal(ofTenants.length, 34)
    for (const { name, columns, constraints } of ofTenants) {
      const [first] = columns
      assert.deepEqual(
        [first?.name, first?.type, first?.nullable, first?.default],
        ['organisation_id', 'uuid', false, 'iam.current_organisation_id()'],
        name,
      )
      const primary = constraints.find(({ kind }) => kind === 'primary key')
      assert.match(primary?.definition ?? '', /^PRIMARY KEY \(organisation_id, /, name)
    }
  })

  await t.test('every tenant table but the audit trail goes with its organisation', () => {
    const without = ofTenants.filter(
      ({ name }) =>
        !keys.some(
          ({ table, references, onDelete }) =>
            table === name && references === 'iam.organisations' && onDelete === 'CASCADE',
        ),
    )
    assert.deepEqual(
      without.map(({ name }) => name),
      ['iam.audit_logs'],
    )
  })

  await t.test('every foreign key names the tenant first, unless it points to a global table', () => {
    const others = keys.filter(({ columns }) => columns[0] !== 'organisation_id')
    assert.deepEqual(
      others.map(({ name, references }) => [name, references]),
      [['fk_organisation_users_user_id', 'iam.users']],
    )
    for (const { name, columns, referencedColumns, references } of keys) {
      if (references === 'iam.organisations')
        assert.deepEqual([columns, referencedColumns], [['organisation_id'], ['id']], name)
      else if (references !== 'iam.users') assert.equal(referencedColumns[0], 'organisation_id', name)
    }
  })

  await t.test('no foreign key writes into the rows that name it, or is left unchecked', () => {
    assert.ok(keys.length > ofTenants.length)
    for (const { name, onDelete, onUpdate, match, validated } of keys) {
      assert.ok(['CASCADE', 'NO ACTION'].includes(onDelete), `${name}: ON DELETE ${onDelete}`)
      assert.deepEqual([onUpdate, match, validated], ['NO ACTION', 'SIMPLE', true], name)
    }
  })

  await t.test('every foreign key is covered by an index that begins with its columns', () => {
    for (const { name, table, columns } of keys) {
      const indexes = own.find((candidate) => candidate.name === table)?.indexes ?? []
      const covering = indexes.filter(({ valid, columns: indexed, predicate }) => {
        const begins = indexed.slice(0, columns.length).toSorted().join() === columns.toSorted().join()
        // A null names nobody, so rows without a reference need not be in the index.
        return (
          valid && begins && (predicate === null || columns.some((column) => predicate === `(${column} IS NOT NULL)`))
        )
      })
      assert.ok(covering.length > 0, `${name} on ${table}`)
    }
  })

  await t.test('a key that a cascade would check too early waits for the end of the transaction', () => {
    const deferred = keys.filter(({ deferrable }) => deferrable)
    assert.deepEqual(
      deferred.map(({ name }) => name),
      checkedTooEarly(keys).map(({ name }) => name),
    )
    assert.deepEqual(
      deferred.map(({ name, initiallyDeferred }) => [name, initiallyDeferred]),
      [['fk_survey_answers_question_id', true]],
    )
  })

  await t.test('every index leads with the tenant or says why not, and every unique one contains it', () => {
    const indexes = ofTenants.flatMap((table) => table.indexes)
    const others = indexes.filter(({ columns }) => columns[0] !== 'organisation_id')
    assert.deepEqual(others.map(({ name }) => name).toSorted(), indexExceptions.toSorted())
    assert.deepEqual(
      indexes.filter(({ comment }) => comment?.startsWith('tenancy: exception - ')),
      others,
    )
    for (const { name, predicate } of others) if (name.endsWith('_queue')) assert.notEqual(predicate, null, name)
    for (const { name, unique, columns, valid } of indexes)
      assert.ok(valid && (!unique || columns.includes('organisation_id')), name)
  })
})

/**
 * Keys that are checked while the rows that hold them are still on their way out. The server works through a cascade in
 * rounds: rows at one depth go together, and what points to them is checked in the next round. So a key is checked too
 * early when the cascade takes its own rows in that round or later.
 */
function checkedTooEarly(keys: readonly ForeignKey[]): readonly ForeignKey[] {
  const roots = [...new Set(keys.map(({ references }) => references))]
  const depths = roots.map((root) => cascadeDepths(root, keys))
  return keys.filter(
    ({ table, references, onDelete }) =>
      onDelete === 'NO ACTION' &&
      depths.some((depth) => (depth.get(table) ?? 0) > (depth.get(references) ?? Number.POSITIVE_INFINITY)),
  )
}

/** The tables that a deletion from one table reaches, and the first round in which it does. */
function cascadeDepths(root: string, keys: readonly ForeignKey[]): ReadonlyMap<string, number> {
  const depths = new Map([[root, 0]])
  for (const [reached, depth] of depths) {
    for (const { table, references, onDelete } of keys) {
      if (references === reached && onDelete === 'CASCADE' && !depths.has(table)) depths.set(table, depth + 1)
    }
  }
  return depths
}
