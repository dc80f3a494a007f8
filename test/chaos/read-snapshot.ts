import type { Sql } from 'postgres'

/** All that a run may leave in a database, read without the help of the library. */
export interface Snapshot {
  /** One fact of the catalogue a line. */
  readonly catalogue: readonly string[]
  /** Rows of each table but history and ledger, as text, sorted; or only their number. */
  readonly rows: readonly string[]
  readonly history: readonly HistoryRow[]
  readonly ledger: readonly LedgerRow[]
}

export interface HistoryRow {
  readonly rank: number
  readonly version: string | null
  readonly description: string
  readonly type: string
  readonly script: string
  readonly checksum: number | null
  readonly success: boolean
}

export interface LedgerRow {
  readonly id: number
  readonly run_id: string
  readonly event: string
  readonly module: string
  readonly module_requires: readonly string[]
  readonly kind: string
  readonly version: string | null
  readonly description: string
  readonly script: string
  readonly installed_rank: number | null
  readonly checksum: number | null
  readonly sha256: string | null
  readonly undo_script: string | null
  readonly undo_text: string | null
  readonly placeholders: readonly string[]
  readonly error: string | null
  readonly details: string | null
  readonly login: string
  readonly client: string
  readonly tool_version: string
  readonly hash: string
}

const history = 'flyway_schema_history'
const ledger = 'schemaway_ledger'
/** Its row of a run that was killed stays until somebody has something to do. */
const locks = 'schemaway_lock'

/** Names that say in which schema something is; objects of the system, and of the tables of TOAST, are no concern. */
const catalogueSql = `
WITH space AS (
  SELECT oid, nspname FROM pg_namespace
  WHERE nspname <> 'information_schema' AND nspname NOT LIKE 'pg\\_toast%' AND nspname NOT LIKE 'pg\\_temp\\_%' AND nspname <> 'pg_catalog'
), relation AS (
  SELECT c.*, nspname || '.' || relname AS name FROM pg_class c JOIN space ON space.oid = relnamespace
), line AS (
  SELECT 'schema ' || n.nspname || ' owner ' || pg_get_userbyid(nspowner) || ' grants ' || coalesce(nspacl::text, '') AS text
    FROM pg_namespace n JOIN space USING (oid)
  UNION ALL SELECT 'temporary schema with objects ' || n.nspname FROM pg_namespace n
    WHERE nspname LIKE 'pg\\_temp\\_%' AND EXISTS (SELECT FROM pg_class WHERE relnamespace = n.oid)
  UNION ALL SELECT concat_ws(' ', 'relation', name, relkind, relpersistence, 'owner', pg_get_userbyid(relowner), 'grants', relacl::text,
      'rls', relrowsecurity, relforcerowsecurity, 'with', reloptions::text, pg_get_expr(relpartbound, oid),
      CASE relkind WHEN 'p' THEN pg_get_partkeydef(oid) WHEN 'v' THEN pg_get_viewdef(oid) WHEN 'm' THEN pg_get_viewdef(oid) END)
    FROM relation WHERE relkind <> 'i' AND relkind <> 'I'
  UNION ALL SELECT concat_ws(' ', 'column', name,
      row_number() OVER (PARTITION BY attrelid ORDER BY attnum), attname, format_type(atttypid, atttypmod), 'not null', attnotnull,
      'identity', attidentity, 'generated', attgenerated, 'storage', attstorage, 'grants', attacl::text, pg_get_expr(adbin, adrelid))
    FROM pg_attribute JOIN relation r ON r.oid = attrelid LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    WHERE attnum > 0 AND NOT attisdropped AND relkind NOT IN ('i', 'I')
  UNION ALL SELECT concat_ws(' ', 'index', pg_get_indexdef(indexrelid), 'valid', indisvalid, 'ready', indisready, 'live', indislive)
    FROM pg_index JOIN relation r ON r.oid = indexrelid
  UNION ALL SELECT concat_ws(' ', 'constraint', conrelid::regclass, conname, pg_get_constraintdef(c.oid), 'validated', convalidated)
    FROM pg_constraint c JOIN space ON space.oid = connamespace
  UNION ALL SELECT concat_ws(' ', 'function', p.oid::regprocedure, prokind, 'owner', pg_get_userbyid(proowner), 'grants', proacl::text,
      CASE WHEN prokind IN ('f', 'p', 'w') THEN md5(pg_get_functiondef(p.oid)) END)
    FROM pg_proc p JOIN space ON space.oid = pronamespace
  UNION ALL SELECT concat_ws(' ', 'type', t.oid::regtype, typtype, 'owner', pg_get_userbyid(typowner), 'grants', typacl::text,
      format_type(typbasetype, typtypmod), typnotnull, typdefault,
      (SELECT string_agg(enumlabel, ',' ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = t.oid))
    FROM pg_type t JOIN space ON space.oid = typnamespace WHERE typtype IN ('e', 'd', 'r', 'm')
  UNION ALL SELECT concat_ws(' ', 'policy', polrelid::regclass, polname, polcmd, polpermissive,
      (SELECT string_agg(pg_get_userbyid(r), ',' ORDER BY 1) FROM unnest(polroles) r), pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid))
    FROM pg_policy
  UNION ALL SELECT concat_ws(' ', 'trigger', tgrelid::regclass, pg_get_triggerdef(oid), tgenabled) FROM pg_trigger WHERE NOT tgisinternal
  UNION ALL SELECT concat_ws(' ', 'event trigger', evtname, evtevent, evtenabled) FROM pg_event_trigger
  UNION ALL SELECT concat_ws(' ', 'sequence', seqrelid::regclass, format_type(seqtypid, NULL), seqstart, seqincrement, seqmin, seqmax, seqcycle)
    FROM pg_sequence
  UNION ALL SELECT concat_ws(' ', 'extension', extname, extversion) FROM pg_extension
  UNION ALL SELECT concat_ws(' ', 'comment', (pg_identify_object(classoid, objoid, objsubid)).type,
      (pg_identify_object(classoid, objoid, objsubid)).identity, description)
    FROM pg_description d WHERE objoid >= 16384
  UNION ALL SELECT concat_ws(' ', 'default rights', pg_get_userbyid(defaclrole), defaclnamespace::regnamespace, defaclobjtype, defaclacl::text)
    FROM pg_default_acl
  UNION ALL SELECT concat_ws(' ', 'setting', setconfig::text) FROM pg_db_role_setting WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
)
SELECT text FROM line ORDER BY text COLLATE "C"`

/** @param countsOnly for tables whose rows hold times and random keys. */
export async function readSnapshot(sql: Sql, { countsOnly }: { readonly countsOnly: boolean }): Promise<Snapshot> {
  // One snapshot for all of it.
  return await sql.begin('isolation level repeatable read read only', async (inner) => {
    const catalogue = (await inner.unsafe<{ text: string }[]>(catalogueSql)).map(({ text }) => text)
    const tables = await inner<{ name: string; plain: string }[]>`
      SELECT oid::regclass::text AS name, relname AS plain FROM pg_class
      WHERE relkind IN ('r', 'm') AND relnamespace >= 16384 OR relkind = 'r' AND relnamespace = 'public'::regnamespace`
    const isThere = (name: string): boolean => tables.some(({ plain }) => plain === name)
    const others = tables.filter(({ plain }) => ![history, ledger, locks].includes(plain))
    const rows = await readRows(inner, others, countsOnly)
    return {
      catalogue,
      rows,
      history: isThere(history) ? await inner.unsafe<HistoryRow[]>(historySql) : [],
      ledger: isThere(ledger) ? await inner.unsafe<LedgerRow[]>(ledgerSql) : [],
    }
  })
}

const historySql = `SELECT installed_rank AS rank, version, description, type, script, checksum, success FROM public.${history} ORDER BY 1`
const ledgerSql = `
  SELECT id::int, run_id::text, event, module, to_json(module_requires) AS module_requires, kind, version, description, script, installed_rank,
    checksum, sha256, undo_script, undo_text, to_json(placeholders) AS placeholders, error::text, details::text, login, client, tool_version, hash
  FROM public.${ledger} ORDER BY id`

async function readRows(
  sql: Pick<Sql, 'unsafe'>,
  tables: readonly { readonly name: string }[],
  countsOnly: boolean,
): Promise<readonly string[]> {
  if (tables.length === 0) return []
  const query = tables.map(({ name }) =>
    countsOnly
      ? `SELECT '${name}: ' || count(*) || ' rows' AS text FROM ONLY ${name}`
      : `SELECT '${name}: ' || one::text AS text FROM ONLY ${name} AS one`,
  )
  return (await sql.unsafe<{ text: string }[]>(`${query.join(' UNION ALL ')} ORDER BY text`)).map(({ text }) => text)
}
