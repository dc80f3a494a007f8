import assert from 'node:assert/strict'
import type { Sql } from 'postgres'
import { describeCatalogue } from '../../lib/catalogue/describe-catalogue.js'
import { type Catalogue, readCatalogue } from '../../lib/catalogue/read-catalogue.js'
import { monthPartition, withoutMonthPartitions } from '../../lib/catalogue/without-month-partitions.js'
import type { BundledModuleName } from '../../lib/modules/bundled.js'
import { allSchemas, type BundledFile, upFiles } from './bundled-files.js'

/** All that a database holds, apart from rows, history, ledger and what the calendar decides. */
export interface DatabaseState {
  /** What the schemas of the bundled modules hold, in every detail. */
  readonly catalogue: Catalogue
  /** Kind and name of each object of each schema, so that nothing that the catalogue leaves out stays unnoticed. */
  readonly objects: readonly string[]
}

export async function readDatabaseState(sql: Sql): Promise<DatabaseState> {
  const [catalogue, objects] = await Promise.all([readCatalogue(sql, allSchemas), readObjects(sql)])
  return {
    catalogue: withoutMonthPartitions(catalogue),
    objects: objects.filter((name) => !monthPartition.test(name)),
  }
}

/** Fails with the lines by which two states differ: whole states are too long to be printed. */
export function assertSameState(actual: DatabaseState, expected: DatabaseState, situation = 'afterwards'): void {
  const [found, wanted] = [factsOf(actual), factsOf(expected)]
  if (found.join('\n') === wanted.join('\n')) {
    // What the text leaves out, if anything ever should.
    assert.deepEqual(actual, expected, situation)
    return
  }
  const [inFound, inWanted] = [new Set(found), new Set(wanted)]
  const differences = [
    ...found.filter((fact) => !inWanted.has(fact)).map((fact) => `+ ${fact}`),
    ...wanted.filter((fact) => !inFound.has(fact)).map((fact) => `- ${fact}`),
  ]
  assert.fail(
    `${situation}: ${differences.length === 0 ? 'the order differs' : 'there is (+), and should be (-)'}\n` +
      differences.join('\n'),
  )
}

function factsOf({ catalogue, objects }: DatabaseState): readonly string[] {
  return [...describeCatalogue(catalogue), ...objects.map((name) => `object ${name}`)]
}

/** Catalogues of the server whose rows are objects that a script could make and forget. */
const objectCatalogues = [
  'pg_namespace',
  'pg_extension',
  'pg_class',
  'pg_attrdef',
  'pg_type',
  'pg_proc',
  'pg_constraint',
  'pg_trigger',
  'pg_policy',
  'pg_rewrite',
  'pg_operator',
  'pg_opclass',
  'pg_opfamily',
  'pg_cast',
  'pg_collation',
  'pg_conversion',
  'pg_statistic_ext',
  'pg_default_acl',
  'pg_event_trigger',
  'pg_publication',
  'pg_foreign_data_wrapper',
  'pg_foreign_server',
  'pg_user_mapping',
  'pg_language',
  'pg_ts_config',
  'pg_ts_dict',
]
/** The server's own objects have lower ids. */
const firstUserId = 16_384

/** Names of all objects that do not come with the server or an extension, sorted. */
async function readObjects(sql: Sql): Promise<readonly string[]> {
  const all = objectCatalogues
    .map((name) => `SELECT tableoid AS classid, oid AS objid FROM ${name}`)
    .join(' UNION ALL ')
  const rows = await sql.unsafe<{ name: string }[]>(`
    SELECT format('%s %s', i.type, i.identity) COLLATE "C" AS name
    FROM (${all}) AS o
    CROSS JOIN LATERAL pg_identify_object(o.classid, o.objid, 0) AS i
    WHERE o.objid >= ${firstUserId}
      AND NOT EXISTS (
        SELECT FROM pg_depend AS d WHERE d.classid = o.classid AND d.objid = o.objid AND d.deptype = 'e'
      )
      -- Their names hold ids.
      AND i.identity !~ 'pg_toast|RI_ConstraintTrigger'
      AND i.identity !~ 'flyway_schema_history|schemaway_ledger'
      -- Lists of a type come and go with it, but before 17 they are no members of its extension.
      AND i.identity !~ '\\[\\]$'
    ORDER BY name`)
  return rows.map(({ name }) => name)
}

/** The version in the name of a file, as commands take it. */
export function versionOf({ name }: Pick<BundledFile, 'name'>): string {
  const [, day, time] = /^[VU](\d{8})_(\d{6})__/.exec(name) ?? []
  if (day === undefined || time === undefined) throw new TypeError(`${name} has no version`)
  return `${day}.${time}`
}

/** Versions of modules and of the links that they complete, oldest first. */
export function bundledVersions(modules?: readonly BundledModuleName[]): readonly string[] {
  return upFiles(modules)
    .filter(({ name }) => name.startsWith('V'))
    .map(versionOf)
}

/** The files of a database that was migrated up to a version and no further. */
export function filesUpTo(version: string): readonly BundledFile[] {
  return filesOfVersions((file) => versionOf(file) <= version)
}

/** The files of a database in which only some versions are applied, and of repeatables those whose requirements are. */
export function filesOfVersions(isApplied: (file: BundledFile) => boolean): readonly BundledFile[] {
  const files = upFiles()
  const isVersioned = ({ name }: BundledFile): boolean => name.startsWith('V')
  const applied = new Set(files.filter((file) => isVersioned(file) && isApplied(file)).map(versionOf))
  return files.filter((file) =>
    isVersioned(file) ? applied.has(versionOf(file)) : requirementsOf(file).every((version) => applied.has(version)),
  )
}

function requirementsOf({ name, text }: BundledFile): readonly string[] {
  const [, versions] = /^-- schemaway: requires=(.+)$/m.exec(text) ?? []
  if (versions === undefined) throw new TypeError(`${name} does not say what it requires`)
  return versions.split(',').map((version) => version.trim())
}

/** The same state with the extension, which stays for others once it was made. */
export function withExtension(state: DatabaseState, complete: DatabaseState): DatabaseState {
  const { extensions } = complete.catalogue
  const names = extensions.map(({ name }) => `extension ${name}`)
  return {
    catalogue: { ...state.catalogue, extensions },
    objects: [...new Set([...state.objects, ...names])].sort(),
  }
}
