import type { Catalogue, Sequence, Table, View } from './read-catalogue.js'
import { belongsToExtension, grants, namesOf, type Reader, readList } from './read-objects.js'

interface Relation extends Omit<Table, 'kind'> {
  readonly relkind: 'r' | 'p' | 'f' | 'v' | 'm' | 'S'
  readonly definition: string | null
}

/** Reads tables, views and sequences, with the parts of each as one JSON value. */
export async function readRelations(
  sql: Reader,
  schemas: readonly string[],
): Promise<Pick<Catalogue, 'tables' | 'views' | 'sequences'>> {
  const relations = await readList<Relation>(
    sql,
    sql`
    SELECT
      format('%s.%s', n.nspname, c.relname) AS name,
      c.relkind,
      pg_get_userbyid(c.relowner) AS owner,
      CASE WHEN c.relkind = 'S' THEN ${grants(sql, 'c.relacl', 's', 'c.relowner')}
           ELSE ${grants(sql, 'c.relacl', 'r', 'c.relowner')} END AS grants,
      CASE WHEN c.relkind = 'p' THEN pg_get_partkeydef(c.oid) END AS "partitionKey",
      (SELECT i.inhparent::regclass::text FROM pg_inherits AS i WHERE i.inhrelid = c.oid LIMIT 1) AS "partitionOf",
      pg_get_expr(c.relpartbound, c.oid) AS "partitionBound",
      ARRAY(SELECT o FROM unnest(c.reloptions) AS o ORDER BY o COLLATE "C") AS options,
      CASE WHEN c.relrowsecurity AND c.relforcerowsecurity THEN 'forced' WHEN c.relrowsecurity THEN 'on' ELSE 'off' END
        AS "rowSecurity",
      CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid)
           WHEN c.relkind = 'S' THEN (
             SELECT format('%s FROM %s TO %s START %s BY %s CACHE %s%s', format_type(s.seqtypid, NULL), s.seqmin,
                           s.seqmax, s.seqstart, s.seqincrement, s.seqcache,
                           CASE WHEN s.seqcycle THEN ' CYCLE' ELSE '' END)
             FROM pg_sequence AS s WHERE s.seqrelid = c.oid
           ) END AS definition,
      ${columns(sql)} AS columns,
      ${constraints(sql)} AS constraints,
      ${indexes(sql)} AS indexes,
      ${triggers(sql)} AS triggers,
      ${policies(sql)} AS policies,
      obj_description(c.oid, 'pg_class') AS comment
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm', 'S') AND n.nspname = ANY (${namesOf(sql, schemas)})
      AND NOT ${belongsToExtension(sql, 'pg_class', 'c.oid')}
    ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"`,
  )
  return {
    tables: relations.flatMap(asTable),
    views: relations.flatMap(asView),
    sequences: relations.flatMap(asSequence),
  }
}

function columns(sql: Reader) {
  return sql`(
    SELECT coalesce(json_agg(json_build_object(
      'name', a.attname,
      'type', format_type(a.atttypid, a.atttypmod),
      'nullable', NOT a.attnotnull,
      'default', pg_get_expr(d.adbin, d.adrelid),
      'generated', CASE WHEN a.attgenerated <> '' THEN 'always' WHEN a.attidentity = 'a' THEN 'identity always'
                        WHEN a.attidentity = 'd' THEN 'identity by default' END,
      'grants', CASE WHEN a.attacl IS NULL THEN '{}'::text[] ELSE ${grants(sql, 'a.attacl', 'c', 'c.relowner')} END,
      'comment', col_description(a.attrelid, a.attnum)
    ) ORDER BY a.attnum), '[]')
    FROM pg_attribute AS a LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  )`
}

function constraints(sql: Reader) {
  return sql`(
    SELECT coalesce(json_agg(json_build_object(
      'name', k.conname,
      'kind', CASE k.contype WHEN 'p' THEN 'primary key' WHEN 'u' THEN 'unique' WHEN 'c' THEN 'check'
                             WHEN 'f' THEN 'foreign key' WHEN 'x' THEN 'exclusion' ELSE 'trigger' END,
      'definition', pg_get_constraintdef(k.oid),
      'comment', obj_description(k.oid, 'pg_constraint')
    ) ORDER BY k.conname COLLATE "C"), '[]')
    FROM pg_constraint AS k WHERE k.conrelid = c.oid AND k.contype <> 'n'
  )`
}

function indexes(sql: Reader) {
  return sql`(
    SELECT coalesce(json_agg(json_build_object(
      'name', ic.relname,
      'unique', x.indisunique,
      'valid', x.indisvalid,
      'columns', ARRAY(
        SELECT pg_get_indexdef(x.indexrelid, position, true) FROM generate_series(1, x.indnkeyatts) AS position
        ORDER BY position
      ),
      'predicate', pg_get_expr(x.indpred, x.indrelid),
      'definition', pg_get_indexdef(x.indexrelid),
      'comment', obj_description(x.indexrelid, 'pg_class')
    ) ORDER BY ic.relname COLLATE "C"), '[]')
    FROM pg_index AS x JOIN pg_class AS ic ON ic.oid = x.indexrelid WHERE x.indrelid = c.oid
  )`
}

function triggers(sql: Reader) {
  return sql`(
    SELECT coalesce(json_agg(json_build_object(
      'name', t.tgname,
      'enabled', t.tgenabled,
      'definition', pg_get_triggerdef(t.oid),
      'comment', obj_description(t.oid, 'pg_trigger')
    ) ORDER BY t.tgname COLLATE "C"), '[]')
    FROM pg_trigger AS t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal AND t.tgparentid = 0
  )`
}

function policies(sql: Reader) {
  return sql`(
    SELECT coalesce(json_agg(json_build_object(
      'name', p.polname,
      'permissive', p.polpermissive,
      'command', CASE p.polcmd WHEN '*' THEN 'ALL' WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE'
                               ELSE 'DELETE' END,
      'roles', ARRAY(
        SELECT r.name
        FROM (
          SELECT CASE id WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(id)::text END AS name FROM unnest(p.polroles) AS id
        ) AS r
        ORDER BY r.name COLLATE "C"
      ),
      'using', pg_get_expr(p.polqual, p.polrelid),
      'check', pg_get_expr(p.polwithcheck, p.polrelid),
      'comment', obj_description(p.oid, 'pg_policy')
    ) ORDER BY p.polname COLLATE "C"), '[]')
    FROM pg_policy AS p WHERE p.polrelid = c.oid
  )`
}

const tableKinds = { r: 'table', p: 'partitioned table', f: 'foreign table' } as const

function asTable({ relkind, definition: _, ...rest }: Relation): readonly Table[] {
  return relkind === 'r' || relkind === 'p' || relkind === 'f' ? [{ ...rest, kind: tableKinds[relkind] }] : []
}

function asView(relation: Relation): readonly View[] {
  if (relation.relkind !== 'v' && relation.relkind !== 'm') return []
  const {
    name,
    owner,
    comment,
    grants: rights,
    options,
    definition,
    columns: parts,
    indexes: lists,
    triggers: hooks,
  } = relation
  return [
    {
      name,
      owner,
      comment,
      grants: rights,
      materialized: relation.relkind === 'm',
      options,
      definition: definition ?? '',
      columns: parts,
      indexes: lists,
      triggers: hooks,
    },
  ]
}

function asSequence({ relkind, name, owner, comment, grants: rights, definition }: Relation): readonly Sequence[] {
  return relkind === 'S' ? [{ name, owner, comment, grants: rights, definition: definition ?? '' }] : []
}
