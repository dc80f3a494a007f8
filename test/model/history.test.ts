import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { crc32 } from 'node:zlib'
import type { Sql } from 'postgres'
import { readCatalogue } from '../../lib/catalogue/read-catalogue.js'
import { migrate, rollback } from '../../lib/index.js'
import { defaultRoleNames, type RoleNames } from '../../lib/model/role-names.js'
import { testDatabase } from '../../lib/testing/index.js'

/** A row of history, without what differs from run to run. */
interface HistoryRow {
  readonly rank: number
  readonly version: string | null
  readonly description: string
  readonly type: string
  readonly script: string
  readonly checksum: number
  readonly installedBy: string
  readonly success: boolean
}

const sqlDirectory = fileURLToPath(new URL('../../sql', import.meta.url))

async function readHistory(sql: Sql): Promise<readonly HistoryRow[]> {
  const rows = await sql<HistoryRow[]>`
    SELECT installed_rank AS rank, version, description, type, script, checksum, installed_by AS "installedBy", success
    FROM public.flyway_schema_history ORDER BY installed_rank`
  return rows.map((row) => ({ ...row }))
}

/** What the files of the package lead to: read from the disk and computed here, without any part of the library. */
function expectHistory(installedBy: string, roleNames: RoleNames): readonly HistoryRow[] {
  const files = readdirSync(sqlDirectory, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== 'seed')
    .flatMap(({ name: module }) => readdirSync(`${sqlDirectory}/${module}`).map((name) => ({ module, name })))
    .sort((left, right) => (left.name < right.name ? -1 : 1))
  const versioned = files.filter(({ name }) => name.startsWith('V'))
  const repeatable = files.filter(({ name }) => name.startsWith('R__'))
  return [...versioned, ...repeatable].map(({ module, name }, index) => {
    const [, version = '', description = ''] = /^(?:V(\d+_\d+)|R)__(\w+)\.sql$/.exec(name) ?? []
    const text = readFileSync(`${sqlDirectory}/${module}/${name}`, 'utf8')
    return {
      rank: index + 1,
      version: version === '' ? null : version.replace('_', '.'),
      description: description.replaceAll('_', ' '),
      type: 'SQL',
      script: `${module}/${name}`,
      // Flyway replaces placeholders before it sums up a repeatable, and leaves those of a version as they are.
      checksum: checksumOf(version === '' ? replaceRoles(text, roleNames) : text),
      installedBy,
      success: true,
    }
  })
}

/** CRC-32 of the lines without their ends, as a signed integer. */
function checksumOf(text: string): number {
  return crc32(text.split(/\r\n|\n|\r/).join('')) | 0
}

function replaceRoles(text: string, { owner, app, worker, readonly }: RoleNames): string {
  return text
    .replaceAll('${role_owner}', owner)
    .replaceAll('${role_app}', app)
    .replaceAll('${role_worker}', worker)
    .replaceAll('${role_readonly}', readonly)
}

test('history has one successful row for each file, versions first, then repeatables, with the checksums of the files', async (t) => {
  const { url, sql } = await testDatabase(t)
  await migrate({ url })
  const [session] = await sql<{ user: string }[]>`SELECT session_user AS user`
  const expected = expectHistory(session?.user ?? '', defaultRoleNames)
  assert.ok(expected.filter(({ version }) => version !== null).length > 15)
  assert.ok(expected.filter(({ version }) => version === null).length > 8)
  assert.deepEqual(await readHistory(sql), expected)
  await migrate({ url })
  assert.deepEqual(await readHistory(sql), expected, 'a second run adds nothing')
})

test('rollback() to empty leaves an empty history, the ledger and citext, and migrate() fills history as before', async (t) => {
  const { url, sql } = await testDatabase(t)
  await migrate({ url })
  const before = await readHistory(sql)
  await rollback({ url, to: 'empty' })
  assert.deepEqual(await readHistory(sql), [])
  const { tables, views, functions, extensions } = await readCatalogue(sql, ['public'])
  assert.deepEqual(
    [...tables, ...views, ...functions, ...extensions].map(({ name }) => name),
    ['public.flyway_schema_history', 'public.schemaway_ledger', 'citext'],
  )
  await migrate({ url })
  // Ranks that the ledger remembers are not used again.
  const withoutRanks = (rows: readonly HistoryRow[]) => rows.map(({ rank: _, ...row }) => row)
  assert.deepEqual(withoutRanks(await readHistory(sql)), withoutRanks(before))
})
