import type { Sql } from 'postgres'

/**
 * What a bundled schema is meant to hold, written from the design and not from a database. Roles go by their parts in
 * the model: owner, app, worker, readonly. Types, defaults, conditions and keys are SQL as a person writes it;
 * {@link createSpecified} lets the server bring them into its own form. Open are the comments of schemas, domains,
 * views and functions, and what stands inside views and functions.
 */
export interface Specification {
  readonly schema: string
  /** Labels in order, then the comment. */
  readonly enums: Readonly<Record<string, readonly [labels: readonly string[], comment: string]>>
  /** Everything behind `CREATE DOMAIN name AS`. */
  readonly domains: Readonly<Record<string, string>>
  readonly tables: Readonly<Record<string, SpecifiedTable>>
  readonly views: Readonly<Record<string, SpecifiedView>>
  /** By name and arguments, with their defaults. */
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
  /** Its default partition follows from it. */
  readonly partitionBy?: string
}

/** Names and types of the columns, in order. The rights are those of every view: all three roles read it. */
type SpecifiedView = Readonly<Record<string, string>>

export interface SpecifiedFunction {
  readonly returns: string
  readonly volatility: 'immutable' | 'stable' | 'volatile'
  readonly securityDefiner: boolean
  /** Who may call it besides the owner. */
  readonly execute: readonly ('PUBLIC' | Role)[]
}

/** What a link adds to a schema; the constraints by table. */
export interface SpecifiedAddition extends Pick<Specification, 'views' | 'functions'> {
  readonly constraints: Readonly<Record<string, Readonly<Record<string, string>>>>
}

/** What a link adds, by schema. */
export type SpecifiedLink = Readonly<Record<string, SpecifiedAddition>>

export type Role = 'app' | 'worker' | 'readonly'
export type Grants = Readonly<Record<Role, string>>

/**
 * Creates all that is specified in a schema of another name, so that the catalogue of that schema says in the server's
 * words what the specification says in ours. Types, referenced tables and called functions are those of the real
 * schema. Views and functions have no content.
 *
 * @param roleNames names of the roles, by their parts
 */
export async function createSpecified(
  sql: Sql,
  { enums, domains, tables, views, functions }: Specification,
  schema: string,
  roleNames: Readonly<Record<Role | 'owner', string>>,
): Promise<void> {
  const statements = [
    `CREATE SCHEMA ${schema} AUTHORIZATION ${roleNames.owner}`,
    `SET LOCAL ROLE ${roleNames.owner}`,
    `GRANT USAGE ON SCHEMA ${schema} TO <app>, <worker>, <readonly>`,
    ...Object.entries(enums).flatMap(([name, [labels, comment]]) => [
      `CREATE TYPE ${schema}.${name} AS ENUM (${labels.map(quote).join(', ')})`,
      `COMMENT ON TYPE ${schema}.${name} IS ${quote(comment)}`,
    ]),
    ...Object.entries(domains).map(([name, definition]) => `CREATE DOMAIN ${schema}.${name} AS ${definition}`),
    ...Object.entries(tables).flatMap(([name, table]) => createTable(`${schema}.${name}`, table, schema)),
    ...Object.entries(views).flatMap(([name, view]) => createView(`${schema}.${name}`, view)),
    ...Object.entries(functions).flatMap(([signature, facts]) => createFunction(`${schema}.${signature}`, facts)),
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
    ...Object.entries(table.indexes).flatMap(([index, [definition, comment]]) => {
      const [, unique = '', columns = ''] = /^(UNIQUE )?(.*)$/.exec(definition) ?? []
      return [
        `CREATE ${unique} INDEX ${index} ON ${name} ${columns}`,
        `COMMENT ON INDEX ${schema}.${index} IS ${quote(comment)}`,
      ]
    }),
    ...Object.entries(table.triggers).map(
      ([trigger, [event, execute]]) =>
        `CREATE TRIGGER ${trigger} ${event.replace(' FOR ', ` ON ${name} FOR `)} EXECUTE FUNCTION ${execute}`,
    ),
    ...Object.entries(table.policies).map(([policy, definition]) => `CREATE POLICY ${policy} ON ${name} ${definition}`),
    ...Object.entries(table.grants).map(([role, privileges]) => `GRANT ${privileges} ON ${name} TO <${role}>`),
  ]
}

function createView(name: string, view: SpecifiedView): readonly string[] {
  const columns = Object.entries(view).map(([column, type]) => `NULL::${type} AS ${column}`)
  return [
    `CREATE VIEW ${name} WITH (security_invoker = true) AS SELECT ${columns.join(', ')}`,
    `GRANT SELECT ON ${name} TO <app>, <worker>, <readonly>`,
  ]
}

function createFunction(signature: string, facts: SpecifiedFunction): readonly string[] {
  const { returns, volatility, securityDefiner, execute } = facts
  // Overloads are open to everybody, so a name is enough here.
  const name = signature.slice(0, signature.indexOf('('))
  return [
    `CREATE FUNCTION ${signature} RETURNS ${returns} LANGUAGE plpgsql ${volatility} ` +
      `${securityDefiner ? 'SECURITY DEFINER' : ''} AS 'BEGIN END'`,
    ...(execute.includes('PUBLIC') ? [] : [`REVOKE EXECUTE ON FUNCTION ${name} FROM PUBLIC`]),
    ...execute.filter((role) => role !== 'PUBLIC').map((role) => `GRANT EXECUTE ON FUNCTION ${name} TO <${role}>`),
  ]
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}
