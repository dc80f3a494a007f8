/**
 * Records what the complete bundle is on each PostgreSQL: `npm run generate` where that version is installed,
 * `.ci/generate-snapshots` everywhere.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describeCatalogue } from '../../lib/catalogue/describe-catalogue.js'
import { readCatalogue } from '../../lib/catalogue/read-catalogue.js'
import { withoutMonthPartitions } from '../../lib/catalogue/without-month-partitions.js'
import { migrate, SchemawayError } from '../../lib/index.js'
import { bundled } from '../../lib/modules/bundled.js'
import { startPostgres, type TestDatabase } from '../../lib/testing/index.js'

/** Major versions of PostgreSQL for which a snapshot is kept. */
export const snapshotVersions = [15, 16, 17, 18] as const

export function snapshotFile(major: number): string {
  return fileURLToPath(new URL(`../../test/model/snapshots/postgres-${major}.txt`, import.meta.url))
}

/**
 * Installs the complete bundle and describes it, one fact a line.
 *
 * @param database an empty one
 */
export async function describeBundle({ url, sql }: Pick<TestDatabase, 'url' | 'sql'>): Promise<string> {
  await migrate({ url })
  const catalogue = await readCatalogue(
    sql,
    bundled.flatMap(({ schemas }) => [...schemas]),
  )
  return `${describeCatalogue(withoutMonthPartitions(catalogue)).join('\n')}\n`
}

/** Writes the snapshot of each version that is installed, and says which are not. */
export async function writeSnapshots(): Promise<void> {
  for (const version of snapshotVersions) {
    try {
      await writeSnapshot(version)
    } catch (error) {
      if (!(error instanceof SchemawayError) || error.code !== 'CONNECTION_FAILED') throw error
      console.log(`left test/model/snapshots/postgres-${version}.txt as it is: PostgreSQL ${version} is not installed;`)
      console.log('  .ci/generate-snapshots installs and writes all versions')
    }
  }
}

async function writeSnapshot(version: (typeof snapshotVersions)[number]): Promise<void> {
  const server = await startPostgres({ version })
  try {
    const text = await describeBundle(await server.createDatabase())
    mkdirSync(fileURLToPath(new URL('../../test/model/snapshots/', import.meta.url)), { recursive: true })
    writeFileSync(snapshotFile(version), text)
    console.log(`wrote test/model/snapshots/postgres-${version}.txt`)
  } finally {
    await server.stop()
  }
}

if (process.argv[1] === import.meta.filename) {
  const only = snapshotVersions.find((version) => String(version) === process.argv[2])
  await (only === undefined ? writeSnapshots() : writeSnapshot(only))
}
