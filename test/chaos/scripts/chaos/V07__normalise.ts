import type { MigrationContext } from '../../../../lib/index.js'

export async function up({ sql, savepoint }: MigrationContext): Promise<void> {
  const people = await sql<{ id: number; email: string }>`SELECT id, email FROM chaos.people ORDER BY id LIMIT 5`
  for (const { id, email } of people) {
    await sql`UPDATE chaos.people SET email = ${email.toLowerCase()} WHERE id = ${id}`
  }
  await savepoint(async (inner) => {
    await inner`INSERT INTO chaos.log VALUES (${'V07'})`
  })
}

export async function down({ sql }: MigrationContext): Promise<void> {
  await sql`UPDATE chaos.people SET email = upper(email) WHERE email LIKE 'person%'`
  await sql`UPDATE chaos.people SET email = replace(email, 'EXAMPLE.ORG', 'example.org')`
  await sql`DELETE FROM chaos.log WHERE script = 'V07'`
}
