import type { Sql } from 'postgres'

type Action = 'NO ACTION' | 'RESTRICT' | 'CASCADE' | 'SET NULL' | 'SET DEFAULT'

export interface ForeignKey {
  readonly name: string
  readonly table: string
  readonly columns: readonly string[]
  readonly references: string
  readonly referencedColumns: readonly string[]
  readonly onDelete: Action
  readonly onUpdate: Action
  readonly match: 'SIMPLE' | 'FULL'
  readonly validated: boolean
  readonly deferrable: boolean
  readonly initiallyDeferred: boolean
}

/** Reads the foreign keys of schemas, those that partitions inherit left out. */
export async function readForeignKeys(sql: Sql, schemas: readonly string[]): Promise<readonly ForeignKey[]> {
  const action = (column: string) =>
    sql.unsafe(`CASE ${column} WHEN 'a' THEN 'NO ACTION' WHEN 'r' THEN 'RESTRICT' WHEN 'c' THEN 'CASCADE'
                               WHEN 'n' THEN 'SET NULL' ELSE 'SET DEFAULT' END`)
  const names = (relation: string, numbers: string) =>
    sql.unsafe(`ARRAY(
      SELECT a.attname::text
      FROM unnest(${numbers}) WITH ORDINALITY AS u(number, position)
      JOIN pg_attribute AS a ON a.attrelid = ${relation} AND a.attnum = u.number
      ORDER BY u.position
    )`)
  const [row] = await sql<{ keys: readonly ForeignKey[] }[]>`
    SELECT coalesce(json_agg(q ORDER BY q.table, q.name), '[]') AS keys
    FROM (
      SELECT k.conname AS name, format('%s.%s', n.nspname, c.relname) AS table,
             ${names('k.conrelid', 'k.conkey')} AS columns,
             format('%s.%s', rn.nspname, r.relname) AS references,
             ${names('k.confrelid', 'k.confkey')} AS "referencedColumns",
             ${action('k.confdeltype')} AS "onDelete", ${action('k.confupdtype')} AS "onUpdate",
             CASE k.confmatchtype WHEN 's' THEN 'SIMPLE' ELSE 'FULL' END AS match,
             k.convalidated AS validated, k.condeferrable AS deferrable, k.condeferred AS "initiallyDeferred"
      FROM pg_constraint AS k
      JOIN pg_class AS c ON c.oid = k.conrelid
      JOIN pg_namespace AS n ON n.oid = c.relnamespace
      JOIN pg_class AS r ON r.oid = k.confrelid
      JOIN pg_namespace AS rn ON rn.oid = r.relnamespace
      WHERE k.contype = 'f' AND k.conparentid = 0
        AND n.nspname = ANY (ARRAY(SELECT json_array_elements_text(${JSON.stringify(schemas)}::text::json)))
    ) AS q`
  return row?.keys ?? []
}
