import type { Sql, TransactionSql } from 'postgres'

/** A valid row, in values that `jsonb_populate_record` turns into those of the columns. */
export interface SampleRow {
  /** Qualified by its schema. */
  readonly table: string
  /** Columns that are left out get their default. */
  readonly values: Readonly<Record<string, unknown>>
  readonly foreignKeys: readonly ForeignKey[]
}

export interface ForeignKey {
  readonly name: string
  readonly columns: readonly string[]
  readonly target: string
  readonly targetColumns: readonly string[]
}

/** For whom rows are made. Rows of two tenants with the same `number` are equal but for what names the tenant. */
export interface SampleTenant {
  readonly organisationId: string
  /** Makes organisations and users unique, which all tenants share: lower-case letters. */
  readonly name: string
  /** 1 to 255: goes into the ids of the rows. */
  readonly number: number
}

interface TableShape {
  readonly name: string
  readonly columns: readonly ColumnShape[]
  readonly foreignKeys: readonly ForeignKey[]
}

interface ColumnShape {
  readonly name: string
  readonly type: string
  readonly isNullable: boolean
  readonly hasDefault: boolean
  /** First label of an enum. */
  readonly label: string | null
}

/** Start of 2026 in a version-7 uuid: rows of partitioned tables fall into the partition of that January. */
const january2026 = '019b76da-a800-7000-8000'

/** What the types of columns do not tell: values that checks ask for, and those that put a row under a partial index. */
function givenValues({ name, organisationId }: SampleTenant): Readonly<Record<string, Record<string, unknown>>> {
  return {
    'iam.organisations': { id: organisationId, slug: name, name },
    'iam.users': { email: `${name}@example.org`, oidc_issuer: 'https://login.example', oidc_sub: name },
    'survey.campaigns': { status: 'running' },
    'survey.contacts': {
      external_contact_id: 'sample',
      email: 'sample@example.org',
      has_prior_consent: true,
      consent_source: 'api',
    },
    'survey.survey_answers': { answer_text: 'sample' },
    'survey.prompts': { is_active: true },
    'survey.experiments': { status: 'running' },
    'telephony.provider_configs': { is_default: true },
    'telephony.call_attempts': { provider_call_id: 'sample' },
    'telephony.call_events': { provider_event_id: 'sample' },
    'telephony.exclusion_list_entries': { phone_number: '+14155550190' },
    'telephony.tasks': { idempotency_key: 'sample' },
    'notify.message_templates': { subject: 'sample' },
    'notify.email_notifications': { message_template_id: null, provider_message_id: 'sample' },
    'notify.opt_outs': {
      channel: 'any',
      address: '+14155550191',
      subject_type: 'sample',
      subject_id: `${january2026}-000000000000`,
    },
    'notify.tracking_pixels': { token: 'sample_sample_sample' },
    'notify.webhook_endpoints': { url: 'https://example.org' },
  }
}

/**
 * Makes one row for each table of the schemas, partitions left out, in an order in which they can be inserted. What the
 * catalogue demands is filled, and every foreign key.
 *
 * @param sql a client that may read the catalogue
 */
export async function makeSampleRows(
  sql: Sql,
  schemas: readonly string[],
  tenant: SampleTenant,
): Promise<readonly SampleRow[]> {
  const given = givenValues(tenant)
  const rows = new Map<string, SampleRow>()
  for (const table of orderByForeignKeys(await readShapes(sql, schemas))) {
    const values: Record<string, unknown> = {}
    for (const column of table.columns) {
      if (column.name === 'organisation_id') values[column.name] = tenant.organisationId
      else if (column.name === 'id') values[column.name] = makeId(tenant.number, rows.size)
      else if (!column.isNullable && !column.hasDefault) values[column.name] = sampleValue(table.name, column)
    }
    const [others, toItself] = [true, false].map((isOther) =>
      table.foreignKeys.filter(({ target }) => (target !== table.name) === isOther),
    )
    // A row that names itself does so by columns that other keys have filled.
    for (const { columns, target, targetColumns } of [...(others ?? []), ...(toItself ?? [])]) {
      const source = target === table.name ? values : (rows.get(target)?.values ?? {})
      for (const [index, column] of columns.entries()) values[column] = source[targetColumns[index] ?? '']
    }
    Object.assign(values, given[table.name])
    rows.set(table.name, { table: table.name, values, foreignKeys: table.foreignKeys })
  }
  return [...rows.values()]
}

/** Inserts a row with the rights and in the context of the client or transaction. */
export async function insertRow(sql: Sql | TransactionSql, { table, values }: SampleRow): Promise<void> {
  const columns = Object.keys(values).map((name) => `"${name}"`)
  await sql.unsafe(
    `INSERT INTO ${table} (${columns}) SELECT ${columns} FROM jsonb_populate_record(NULL::${table}, $1::text::jsonb)`,
    [JSON.stringify(values)],
  )
}

function makeId(tenant: number, table: number): string {
  const hexadecimal = (value: number): string => value.toString(16).padStart(6, '0')
  return `${january2026}-${hexadecimal(tenant)}${hexadecimal(table)}`
}

function sampleValue(table: string, { name, type, label }: ColumnShape): unknown {
  if (label !== null) return label
  if (type === 'uuid') return makeId(0, 0)
  if (type === 'text') return 'sample'
  if (type === 'bytea') return `\\x${'00'.repeat(32)}`
  if (type === 'iam.email') return 'sample@example.org'
  if (type === 'iam.e164') return '+14155550101'
  if (/^(smallint|integer|bigint|numeric|double precision)/.test(type)) return 1
  throw new Error(`${table}.${name} has the type ${type}: say in givenValues() or sampleValue() what belongs there`)
}

function orderByForeignKeys(tables: readonly TableShape[]): readonly TableShape[] {
  const ordered: TableShape[] = []
  const waiting = new Set(tables)
  while (waiting.size > 0) {
    const isPlaced = ({ target }: ForeignKey): boolean => ![...waiting].some(({ name }) => name === target)
    const next = [...waiting].find((table) =>
      table.foreignKeys.every((key) => key.target === table.name || isPlaced(key)),
    )
    if (next === undefined) throw new Error(`foreign keys form a ring: ${[...waiting].map(({ name }) => name)}`)
    waiting.delete(next)
    ordered.push(next)
  }
  return ordered
}

async function readShapes(sql: Sql, schemas: readonly string[]): Promise<readonly TableShape[]> {
  return await sql<TableShape[]>`
    SELECT
      format('%s.%s', n.nspname, c.relname) AS name,
      (
        SELECT json_agg(json_build_object(
          'name', a.attname,
          'type', format_type(a.atttypid, a.atttypmod),
          'isNullable', NOT a.attnotnull,
          'hasDefault', a.atthasdef,
          'label', (SELECT e.enumlabel FROM pg_enum AS e WHERE e.enumtypid = a.atttypid ORDER BY e.enumsortorder LIMIT 1)
        ) ORDER BY a.attnum)
        FROM pg_attribute AS a
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
      ) AS columns,
      (
        SELECT coalesce(json_agg(json_build_object(
          'name', k.conname,
          'columns', (
            SELECT json_agg(a.attname ORDER BY array_position(k.conkey, a.attnum))
            FROM pg_attribute AS a WHERE a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey)
          ),
          'target', (
            SELECT format('%s.%s', tn.nspname, t.relname)
            FROM pg_class AS t JOIN pg_namespace AS tn ON tn.oid = t.relnamespace WHERE t.oid = k.confrelid
          ),
          'targetColumns', (
            SELECT json_agg(a.attname ORDER BY array_position(k.confkey, a.attnum))
            FROM pg_attribute AS a WHERE a.attrelid = k.confrelid AND a.attnum = ANY (k.confkey)
          )
        ) ORDER BY k.conname), '[]')
        FROM pg_constraint AS k
        WHERE k.conrelid = c.oid AND k.contype = 'f'
      ) AS "foreignKeys"
    FROM pg_class AS c
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
      AND n.nspname = ANY (string_to_array(${schemas.join(',')}, ','))
    ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"`
}
