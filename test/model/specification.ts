import type { Sql } from 'postgres'

/**
 * What a bundled schema is meant to hold, written from the design and not from a database. Roles go by their parts in
 * the model: owner, app, worker, readonly. Conditions, defaults and keys are SQL as a person writes it;
 * {@link createSpecified} lets the server bring them into its own form.
 */
export interface Specification {
  readonly schema: string
  readonly comment: string
  /** Labels in order, then the comment. */
  readonly enums: Readonly<Record<string, readonly [labels: readonly string[], comment: string]>>
  /** Everything behind `CREATE DOMAIN name AS`. */
  readonly domains: Readonly<Record<string, string>>
  readonly tables: Readonly<Record<string, SpecifiedTable>>
  readonly views: Readonly<Record<string, SpecifiedView>>
  /** By name and identity arguments. */
  readonly functions: Readonly<Record<string, SpecifiedFunction>>
}

export interface SpecifiedTable {
  readonly comment: string
  /** Everything behind the name of the column, then the comment. */
  readonly columns: Readonly<Record<string, readonly [definition: string, comment: string]>>
  /** Everything behind `CONSTRAINT name`. */
  readonly constraints: Readonly<Record<string, string>>
  /** Everything behind `ON table`, then the comment. A unique one begins with `UNIQUE `. */
  readonly indexes: Readonly<Record<string, readonly [definition: string, comment: string]>>
  /** What fires it, then the function. */
  readonly triggers: Readonly<Record<string, readonly [event: string, execute: string]>>
  /** Everything behind `ON table`; a role as `<worker>`. */
  readonly policies: Readonly<Record<string, string>>
  /** Privileges of each role. */
  readonly grants: Grants
  readonly partitionBy?: string
}

export interface SpecifiedView {
  /** Names and types. */
  readonly columns: Readonly<Record<string, string>>
  readonly grants: Grants
}

export interface SpecifiedFunction {
  readonly returns: string
  readonly volatility: 'immutable' | 'stable' | 'volatile'
  readonly securityDefiner: boolean
  /** Who may call it besides the owner. */
  readonly execute: readonly ('PUBLIC' | Role)[]
}

export type Role = 'app' | 'worker' | 'readonly'
export type Grants = Readonly<Record<Role, string>>

/**
 * Creates the specified domains and tables in a schema of their own, so that the catalogue of that schema says in the
 * server's words what the specification says in ours. Types and referenced tables are those of the real schema.
 *
 * @param roleNames names of the roles, by their parts
 */
export async function createSpecified(
  sql: Sql,
  specification: Specification,
  schema: string,
  roleNames: Readonly<Record<Role | 'owner', string>>,
): Promise<void> {
  const statements = [
    `CREATE SCHEMA ${schema} AUTHORIZATION ${roleNames.owner}`,
    `SET LOCAL ROLE ${roleNames.owner}`,
    ...Object.entries(specification.domains).map(
      ([name, definition]) => `CREATE DOMAIN ${schema}.${name} AS ${definition}`,
    ),
    ...Object.entries(specification.tables).flatMap(([name, table]) => createTable(`${schema}.${name}`, table, schema)),
  ]
  const text = statements.join(';\n').replace(/<(app|worker|readonly)>/g, (_, role: Role) => roleNames[role])
  await sql.begin(async (transaction) => await transaction.unsafe(text).simple())
}

function createTable(name: string, table: SpecifiedTable, schema: string): readonly string[] {
  const elements = [
    ...Object.entries(table.columns).map(([column, [definition]]) => `${column} ${definition}`),
    ...Object.entries(table.constraints).map(([constraint, definition]) => `CONSTRAINT ${constraint} ${definition}`),
  ]
  const partitioning = table.partitionBy === undefined ? '' : ` PARTITION BY ${table.partitionBy}`
  return [
    `CREATE TABLE ${name} (${elements.join(', ')})${partitioning}`,
    `ALTER TABLE ${name} ENABLE ROW LEVEL SECURITY`,
    `ALTER TABLE ${name} FORCE ROW LEVEL SECURITY`,
    `COMMENT ON TABLE ${name} IS ${quote(table.comment)}`,
    ...Object.entries(table.columns).map(
      ([column, [, comment]]) => `COMMENT ON COLUMN ${name}.${column} IS ${quote(comment)}`,
    ),
    ...Object.entries(table.indexes).flatMap(([index, [definition, comment]]) => [
      `CREATE ${definition.startsWith('UNIQUE ') ? 'UNIQUE ' : ''}INDEX ${index} ON ${name} ${definition.replace('UNIQUE ', '')}`,
      `COMMENT ON INDEX ${schema}.${index} IS ${quote(comment)}`,
    ]),
    ...Object.entries(table.triggers).map(
      ([trigger, [event, execute]]) =>
        `CREATE TRIGGER ${trigger} ${event.replace(' FOR ', ` ON ${name} FOR `)} EXECUTE FUNCTION ${execute}`,
    ),
    ...Object.entries(table.policies).map(([policy, definition]) => `CREATE POLICY ${policy} ON ${name} ${definition}`),
    ...Object.entries(table.grants).map(([role, privileges]) => `GRANT ${privileges} ON ${name} TO <${role}>`),
  ]
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}
