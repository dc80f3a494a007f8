import type { MigrationContext } from '../../../../lib/index.js'

export const transaction = 'none'

/** Each row is counted up once, however often the run is interrupted. */
export async function up({ backfill }: MigrationContext): Promise<void> {
  await backfill({
    table: 'chaos.people',
    batchSize: 50,
    update: (sql, range) => sql`UPDATE chaos.people SET visits = visits + 1 WHERE ${range}`,
  })
}

export async function down({ sql }: MigrationContext): Promise<void> {
  await sql`UPDATE chaos.people SET visits = visits - 1`
}
