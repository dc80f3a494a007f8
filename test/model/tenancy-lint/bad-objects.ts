import type { TenancyOptions } from './tenancy-rule.js'

/** Something that breaks a rule, or comes close to it and does not. */
interface BadObject {
  readonly what: string
  readonly statements: readonly string[]
  /** Code and object of each finding. */
  readonly expected: readonly string[]
}

export const badOptions = {
  schemas: ['bad'],
  tenantColumn: 'organisation_id',
  tenantFunction: 'iam.current_organisation_id()',
  registry: 'bad.organisations',
  globalTables: ['bad.people'],
} as const satisfies Partial<TenancyOptions>

const id = 'id uuid NOT NULL DEFAULT iam.uuid_v7()'
const created = 'created_at timestamptz NOT NULL DEFAULT now()'
const tenant = 'organisation_id uuid NOT NULL DEFAULT iam.current_organisation_id()'
const secure = (name: string): string => `SELECT iam.make_tenant_table('bad.${name}')`

/** A table as it should be, with more columns and constraints. */
function table(name: string, ...more: readonly string[]): readonly string[] {
  const parts = [tenant, id, created, ...more, 'PRIMARY KEY (organisation_id, id)']
  return [`CREATE TABLE bad.${name} (${parts.join(', ')})`, secure(name)]
}

/** A table with an optional key to `bad.parent`, covered by an index. */
function child(name: string, action: string): readonly string[] {
  const key = `CONSTRAINT fk FOREIGN KEY (organisation_id, parent_id) REFERENCES bad.parent ${action}`
  return [
    ...table(name, 'parent_id uuid', key),
    `CREATE INDEX ON bad.${name} (organisation_id, parent_id) WHERE parent_id IS NOT NULL`,
  ]
}

/** A table without policies of its own. */
function bare(name: string, ...columns: readonly string[]): string {
  return `CREATE TABLE bad.${name} (${[...columns, created].join(', ')})`
}

export const badObjects: readonly BadObject[] = [
  {
    what: 'tables as they should be',
    statements: [
      bare('organisations', `${id} PRIMARY KEY`),
      `SELECT iam.make_global_table('bad.organisations')`,
      `SELECT iam.ensure_policy('bad.organisations', 'own',
        'USING (id = iam.current_organisation_id()) WITH CHECK (id = iam.current_organisation_id())')`,
      bare('people', `${id} PRIMARY KEY`),
      ...table('parent'),
      ...child('child', 'ON DELETE CASCADE'),
    ],
    expected: ['C07 bad.organisations', 'C07 bad.people'],
  },
  {
    what: 'no tenant column',
    statements: [bare('without_tenant', `${id} PRIMARY KEY`)],
    expected: ['T01 bad.without_tenant', 'C07 bad.without_tenant'],
  },
  {
    what: 'a tenant that may be null',
    statements: [bare('nullable', 'organisation_id uuid', id), secure('nullable')],
    expected: ['T02 bad.nullable', 'T03 bad.nullable'],
  },
  {
    what: 'a tenant of another type, and no policies',
    statements: [bare('text_tenant', 'organisation_id text', id, 'PRIMARY KEY (organisation_id, id)')],
    expected: ['T02 bad.text_tenant', 'T10 bad.text_tenant', 'T11 bad.text_tenant', 'T17 bad.organisations'],
  },
  {
    what: 'a tenant by chance',
    statements: [
      ...table('by_chance'),
      'ALTER TABLE bad.by_chance ALTER COLUMN organisation_id SET DEFAULT gen_random_uuid()',
    ],
    expected: ['T02 bad.by_chance'],
  },
  {
    what: 'a primary key the wrong way round',
    statements: [bare('swapped', tenant, id, 'CONSTRAINT pk PRIMARY KEY (id, organisation_id)'), secure('swapped')],
    expected: ['T03 bad.swapped', 'T08 bad.swapped.pk'],
  },
  {
    what: 'ids that count, ids from nowhere and ids without order',
    statements: [
      bare('counted', tenant, 'id integer GENERATED ALWAYS AS IDENTITY', 'PRIMARY KEY (organisation_id, id)'),
      secure('counted'),
      ...table('no_default'),
      'ALTER TABLE bad.no_default ALTER COLUMN id DROP DEFAULT',
      ...table('random'),
      'ALTER TABLE bad.random ALTER COLUMN id SET DEFAULT gen_random_uuid()',
    ],
    expected: ['T04 bad.counted', 'T16 bad.counted.id', 'C06 bad.counted.id', 'T04 bad.no_default', 'T04 bad.random'],
  },
  {
    what: 'keys that do not begin with the tenant',
    statements: [
      ...table('unique_alone', 'alone uuid', 'CONSTRAINT alone UNIQUE (alone)'),
      ...table('single', 'alone uuid', 'CONSTRAINT fk FOREIGN KEY (alone) REFERENCES bad.unique_alone (alone)'),
      ...table('registered', 'CONSTRAINT fk FOREIGN KEY (id) REFERENCES bad.organisations (id)'),
      ...table('outside', 'user_id uuid', 'CONSTRAINT fk FOREIGN KEY (user_id) REFERENCES iam.users (id)'),
      'ALTER TABLE bad.people ADD COLUMN alone uuid CONSTRAINT fk REFERENCES bad.unique_alone (alone)',
    ],
    expected: [
      ...['T08 bad.unique_alone.alone', 'T09 bad.unique_alone.alone'],
      ...['T05 bad.single.fk', 'T07 bad.single.fk', 'T05 bad.registered.fk', 'T07 bad.registered.fk'],
      ...['T05 bad.outside.fk', 'T07 bad.outside.fk', 'T05 bad.people.fk', 'T07 bad.people.fk'],
    ],
  },
  {
    what: 'keys that write into the rows that hold them, or look away',
    statements: [
      ...child('set_null', 'ON DELETE SET NULL'),
      ...child('set_null_column', 'ON DELETE SET NULL (parent_id)'),
      ...child('on_update', 'ON UPDATE CASCADE'),
      ...child('match_full', 'MATCH FULL'),
      ...child('not_valid', ''),
      `ALTER TABLE bad.not_valid DROP CONSTRAINT fk, ADD CONSTRAINT fk FOREIGN KEY (organisation_id, parent_id)
        REFERENCES bad.parent (organisation_id, id) NOT VALID`,
    ],
    expected: [
      ...['T06 bad.set_null.fk', 'C02 bad.set_null.fk', 'C02 bad.set_null_column.fk'],
      ...['T06 bad.on_update.fk', 'T06 bad.match_full.fk', 'T06 bad.not_valid.fk'],
    ],
  },
  {
    what: 'keys without an index of their own',
    statements: [
      ...table(
        'uncovered',
        'parent_id uuid',
        'CONSTRAINT fk FOREIGN KEY (organisation_id, parent_id) REFERENCES bad.parent',
      ),
      'CREATE INDEX ON bad.uncovered (organisation_id, parent_id) WHERE created_at IS NOT NULL',
      ...table('behind', 'person_id uuid', 'CONSTRAINT fk FOREIGN KEY (person_id) REFERENCES bad.people (id)'),
      'CREATE INDEX ON bad.behind (organisation_id, person_id)',
    ],
    expected: ['T07 bad.uncovered.fk', 'T07 bad.behind.fk'],
  },
  {
    what: 'indexes over all tenants, with and without a reason',
    statements: [
      ...table('indexed', 'n integer', 'period int4range', 'CONSTRAINT apart EXCLUDE USING gist (period WITH &&)'),
      'CREATE INDEX lonely ON bad.indexed (n)',
      'CREATE INDEX expression ON bad.indexed ((n + 1), organisation_id)',
      'CREATE INDEX explained ON bad.indexed (n)',
      `COMMENT ON INDEX bad.explained IS 'tenancy: exception - the worker claims over all tenants.'`,
      'CREATE INDEX unexplained ON bad.indexed (n)',
      `COMMENT ON INDEX bad.unexplained IS 'tenancy: exception - '`,
      'CREATE INDEX short ON bad.indexed (organisation_id, n)',
      'CREATE INDEX long ON bad.indexed (organisation_id, n, id)',
      'CREATE INDEX broken ON bad.indexed (organisation_id, period, n)',
    ],
    expected: [
      ...[
        'T08 bad.indexed.lonely',
        'T08 bad.indexed.apart',
        'T08 bad.indexed.expression',
        'T08 bad.indexed.unexplained',
      ],
      ...['T09 bad.indexed.apart', 'T09 bad.indexed.broken', 'T18 bad.indexed.short', 'T19 bad.indexed.broken'],
    ],
  },
  {
    what: 'row-level security off, not forced, or missing where a partition is open',
    statements: [
      ...table('switched_off'),
      'ALTER TABLE bad.switched_off DISABLE ROW LEVEL SECURITY',
      ...table('not_forced'),
      'ALTER TABLE bad.not_forced NO FORCE ROW LEVEL SECURITY',
      `CREATE TABLE bad.parted (${tenant}, ${id}, ${created}, PRIMARY KEY (organisation_id, id, created_at))
        PARTITION BY RANGE (created_at)`,
      secure('parted'),
      'CREATE TABLE bad.parted_open PARTITION OF bad.parted DEFAULT',
      'GRANT SELECT ON bad.parted_open TO schemaway_app',
      `CREATE TABLE bad.parted_closed PARTITION OF bad.parted FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')`,
    ],
    expected: ['T10 bad.switched_off', 'T10 bad.not_forced', 'T10 bad.parted_open'],
  },
  {
    what: 'policies that are missing, half or too wide',
    statements: [
      ...table('worker_only'),
      'DROP POLICY tenant_isolation ON bad.worker_only',
      ...table('half'),
      `CREATE POLICY half ON bad.half
        USING (organisation_id = nullif(current_setting('app.organisation_id', true), '')::uuid)`,
      ...table('fragile'),
      `CREATE POLICY fragile ON bad.fragile
        USING (organisation_id = (SELECT current_setting('app.organisation_id')::uuid))
        WITH CHECK (organisation_id = iam.current_organisation_id())`,
      ...table('wide'),
      'CREATE POLICY support ON bad.wide USING (true) WITH CHECK (true)',
      'CREATE POLICY narrow ON bad.wide AS RESTRICTIVE USING (true) WITH CHECK (true)',
    ],
    expected: [
      ...['T11 bad.worker_only', 'T11 bad.half.half', 'T11 bad.fragile.fragile', 'C01 bad.fragile.fragile'],
      'T11 bad.wide.support',
    ],
  },
  {
    what: 'views and functions that see more than whoever calls them',
    statements: [
      'CREATE VIEW bad.all_rows AS SELECT * FROM bad.parent',
      'CREATE VIEW bad.own_rows WITH (security_invoker = true) AS SELECT * FROM bad.parent',
      'CREATE MATERIALIZED VIEW bad.stored_rows AS SELECT * FROM bad.parent',
      `CREATE FUNCTION bad.definer() RETURNS integer LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'`,
      `CREATE FUNCTION bad.count_of(uuid) RETURNS bigint LANGUAGE sql
        AS 'SELECT count(*) FROM bad.parent WHERE organisation_id = $1'`,
    ],
    expected: [
      ...['T12 bad.all_rows', 'T12 bad.stored_rows', 'C05 bad.stored_rows'],
      ...['T13 bad.definer()', 'C04 bad.count_of(uuid)'],
    ],
  },
  {
    what: 'times without a zone, without a value or kept by nobody, and a trigger',
    statements: [
      ...table('zoneless', 'at timestamp'),
      ...table('timeless'),
      'ALTER TABLE bad.timeless DROP COLUMN created_at',
      ...table('kept', 'updated_at timestamptz NOT NULL DEFAULT now()'),
      ...table('neglected', 'updated_at timestamptz NOT NULL DEFAULT now()'),
      'ALTER TABLE bad.neglected DISABLE TRIGGER trg_neglected_set_updated_at',
    ],
    expected: [
      ...['T14 bad.zoneless.at', 'T14 bad.timeless', 'C03 bad.kept.trg_kept_set_updated_at'],
      ...['T15 bad.neglected', 'C03 bad.neglected.trg_neglected_set_updated_at'],
    ],
  },
  {
    what: 'an index on a value whose comparison may leak, and keys to both kinds of tables',
    statements: [
      ...table('leaking', 'status iam.user_status', 'label text'),
      'CREATE INDEX by_status ON bad.leaking (organisation_id, status)',
      'CREATE INDEX by_label ON bad.leaking (organisation_id, label)',
      ...child('both', ''),
      'ALTER TABLE bad.both ADD CONSTRAINT tenant FOREIGN KEY (organisation_id) REFERENCES bad.organisations (id)',
    ],
    expected: ['T19 bad.leaking.by_status', 'C08 bad.both'],
  },
  {
    what: 'rights that pass policies by',
    statements: [
      ...table('truncated'),
      'GRANT TRUNCATE ON bad.truncated TO schemaway_app',
      ...table('published'),
      'GRANT SELECT ON bad.published TO PUBLIC',
      // The test gives it to a role of applications.
      ...table('owned'),
    ],
    expected: ['R01 bad.truncated', 'R01 bad.published', 'R01 bad.owned'],
  },
]
