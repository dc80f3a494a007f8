import type { Sql } from 'postgres'
import {
  readDatabaseGrants,
  readDomains,
  readEnums,
  readExtensions,
  readFunctions,
  readSchemas,
} from './read-objects.js'
import { readRelations } from './read-relations.js'

/**
 * What some schemas of a database hold, as plain data: equal databases give equal catalogues, on every version from
 * PostgreSQL 15 to 18. Lists are sorted by name, columns stand in their own order, all names are qualified. What
 * differs without meaning is left out: object ids, the NOT NULL constraints that 18 gives names, rights of owners on
 * what they own, objects that belong to an extension, and the clones of triggers that partitions have. Not read:
 * composite and range types, operators, casts, rules, statistics objects, default privileges.
 */
export interface Catalogue {
  /** Rights on the database itself. */
  readonly grants: readonly string[]
  readonly extensions: readonly Extension[]
  readonly schemas: readonly Schema[]
  readonly enums: readonly Enum[]
  readonly domains: readonly Domain[]
  readonly tables: readonly Table[]
  readonly views: readonly View[]
  readonly sequences: readonly Sequence[]
  readonly functions: readonly Routine[]
}

interface Described {
  /** Qualified by its schema, except for schemas and extensions. */
  readonly name: string
  readonly owner: string
  readonly comment: string | null
}

interface Granted extends Described {
  /** `grantee: PRIVILEGE, PRIVILEGE`; a privilege that may be passed on ends in `*`. */
  readonly grants: readonly string[]
}

export interface Extension extends Described {
  readonly schema: string
}

export interface Schema extends Granted {}

export interface Enum extends Granted {
  readonly labels: readonly string[]
}

export interface Domain extends Granted {
  readonly type: string
  readonly nullable: boolean
  readonly default: string | null
  readonly checks: readonly string[]
}

export interface Table extends Granted {
  readonly kind: 'table' | 'partitioned table' | 'foreign table'
  readonly partitionKey: string | null
  readonly partitionOf: string | null
  readonly partitionBound: string | null
  readonly options: readonly string[]
  readonly rowSecurity: 'off' | 'on' | 'forced'
  readonly columns: readonly Column[]
  readonly constraints: readonly Constraint[]
  readonly indexes: readonly Index[]
  readonly triggers: readonly Trigger[]
  readonly policies: readonly Policy[]
}

export interface Column {
  readonly name: string
  readonly type: string
  readonly nullable: boolean
  readonly default: string | null
  readonly generated: 'always' | 'identity always' | 'identity by default' | null
  readonly grants: readonly string[]
  readonly comment: string | null
}

export interface Constraint {
  readonly name: string
  readonly kind: 'primary key' | 'unique' | 'check' | 'foreign key' | 'exclusion' | 'trigger'
  readonly definition: string
  readonly comment: string | null
}

export interface Index {
  readonly name: string
  readonly unique: boolean
  readonly valid: boolean
  readonly columns: readonly string[]
  readonly predicate: string | null
  readonly definition: string
  readonly comment: string | null
}

export interface Trigger {
  readonly name: string
  readonly enabled: string
  readonly definition: string
  readonly comment: string | null
}

export interface Policy {
  readonly name: string
  readonly permissive: boolean
  readonly command: 'ALL' | 'SELECT' | 'INSERT' | 'UPDATE' | 'DELETE'
  readonly roles: readonly string[]
  readonly using: string | null
  readonly check: string | null
  readonly comment: string | null
}

export interface View extends Granted {
  readonly materialized: boolean
  readonly options: readonly string[]
  readonly definition: string
  readonly columns: readonly Column[]
  readonly indexes: readonly Index[]
  readonly triggers: readonly Trigger[]
}

export interface Sequence extends Granted {
  readonly definition: string
}

export interface Routine extends Granted {
  /** Arguments without defaults, as in `DROP FUNCTION`. */
  readonly arguments: string
  readonly returns: string | null
  readonly kind: 'function' | 'procedure' | 'aggregate' | 'window'
  readonly language: string
  readonly volatility: 'immutable' | 'stable' | 'volatile'
  readonly parallel: 'safe' | 'restricted' | 'unsafe'
  readonly strict: boolean
  readonly securityDefiner: boolean
  readonly settings: readonly string[]
  /** The whole `CREATE OR REPLACE FUNCTION`; null for an aggregate, which has none. */
  readonly definition: string | null
}

/**
 * Reads what the schemas hold now.
 *
 * @param sql a client whose login may read the catalogue; superuser rights are not needed
 */
export async function readCatalogue(sql: Sql, schemas: readonly string[]): Promise<Catalogue> {
  return await sql.begin('read only', async (transaction) => {
    // Names are printed qualified only when their schema is not on the path.
    await transaction`SET LOCAL search_path = pg_catalog`
    const [grants, extensions, namespaces, enums, domains, relations, functions] = await Promise.all([
      readDatabaseGrants(transaction),
      readExtensions(transaction),
      readSchemas(transaction, schemas),
      readEnums(transaction, schemas),
      readDomains(transaction, schemas),
      readRelations(transaction, schemas),
      readFunctions(transaction, schemas),
    ])
    return { grants, extensions, schemas: namespaces, enums, domains, ...relations, functions }
  })
}
