import * as z from 'zod'
import type { Database, TableName, ViewName } from '../model/generated/database.js'
import type { Inserted, Selected, Updated } from '../model/row-types.js'
import type { ColumnKind } from './column-kinds.js'
import type { Operand } from './three-valued-logic.js'

type RowShape<Table> = { readonly [Key in keyof Table]: z.ZodType<Selected<Table>[Key], Selected<Table>[Key]> }

type WriteShape<Values> = {
  readonly [Key in keyof Values]-?: undefined extends { [Column in keyof Values]: Values[Column] }[Key]
    ? z.ZodExactOptional<z.ZodType<Exclude<Values[Key], undefined>, Exclude<Values[Key], undefined>>>
    : z.ZodType<Values[Key], Values[Key]>
}

/** The schemas of a view. */
export interface ViewSchemas<Name extends TableName | ViewName> {
  /**
   * A row as postgres.js delivers it by default. Columns that a newer version has added are left out. An infinite
   * timestamp is refused: the driver delivers an invalid Date.
   */
  readonly row: z.ZodObject<RowShape<Database[Name]>>
}

/** The schemas of a table. They are made when they are first asked for. */
export interface TableSchemas<Name extends TableName> extends ViewSchemas<Name> {
  /**
   * A row to insert: accepts what the database accepts, except for `schemaExceptions`. Unknown columns are
   * refused. Take single columns from `shape`; zod does not let `pick` and `omit` work on what has refinements.
   *
   * @example
   * const result = schemas.survey.contacts.insert.safeParse(body)
   * if (result.success) await transaction`INSERT INTO survey.contacts ${transaction(result.data)}`
   */
  readonly insert: z.ZodObject<WriteShape<Inserted<Database[Name]>>, z.core.$strict>
  /**
   * Columns to change. Unknown columns are refused. A constraint over several columns is checked when all of them are
   * given; else it depends on the stored row, and the database decides.
   */
  readonly update: z.ZodObject<WriteShape<Updated<Database[Name]>>, z.core.$strict>
}

/** One column, as the catalogue describes it. */
export interface ColumnSpecification {
  readonly kind: ColumnKind
  readonly isNullable?: true
  readonly hasDefault?: true
  /** What constraints compare when an insert leaves the column out. Default: null. */
  readonly default?: () => unknown
}

/** One CHECK constraint, of the table or of a domain. */
export interface CheckSpecification {
  readonly name: string
  readonly columns: readonly string[]
  readonly expression: string
  readonly test: (row: Readonly<Record<string, Operand>>) => Operand
}

type Columns = Readonly<Record<string, ColumnSpecification>>
type Shape = Record<string, z.ZodType>

/** Makes the schemas of a table from what the catalogue says of it. */
export function defineTable<Name extends TableName>(
  columns: Columns,
  checks: readonly CheckSpecification[],
): TableSchemas<Name> {
  const schemas = {
    row: () => z.object(rowShape(columns)),
    insert: () => withChecks(z.strictObject(writeShape(columns, checks, isOptional)), columns, checks, false),
    update: () => withChecks(z.strictObject(writeShape(columns, checks, () => true)), columns, checks, true),
  }
  return onDemand(schemas) as unknown as TableSchemas<Name>
}

/** Makes the schema of a view's rows. */
export function defineView<Name extends ViewName>(columns: Columns): ViewSchemas<Name> {
  return onDemand({ row: () => z.object(rowShape(columns)) }) as unknown as ViewSchemas<Name>
}

/** An object whose members are made when they are first read: all tables at once would take tens of milliseconds. */
function onDemand(members: Readonly<Record<string, () => unknown>>): object {
  const target = {}
  for (const [name, make] of Object.entries(members)) {
    const get = (): unknown => {
      const value = make()
      Object.defineProperty(target, name, { value, enumerable: true })
      return value
    }
    Object.defineProperty(target, name, { get, enumerable: true, configurable: true })
  }
  return target
}

function isOptional({ isNullable, hasDefault }: ColumnSpecification): boolean {
  return isNullable === true || hasDefault === true
}

function rowShape(columns: Columns): Shape {
  return mapColumns(columns, (_, { kind, isNullable }) => (isNullable ? kind.row().nullable() : kind.row()))
}

function writeShape(
  columns: Columns,
  checks: readonly CheckSpecification[],
  mayBeLeftOut: (column: ColumnSpecification) => boolean,
): Shape {
  return mapColumns(columns, (name, column) => {
    let schema = column.isNullable ? column.kind.write().nullable() : column.kind.write()
    for (const check of checks) {
      if (check.columns.length === 1 && check.columns[0] === name) schema = withOwnCheck(schema, name, column, check)
    }
    return mayBeLeftOut(column) ? z.exactOptional(schema) : schema
  })
}

function withOwnCheck(
  schema: z.ZodType,
  name: string,
  { kind }: ColumnSpecification,
  check: CheckSpecification,
): z.ZodType {
  return schema.refine((value) => check.test({ [name]: kind.operand(value) }) !== false, explain(check))
}

function withChecks(
  schema: z.ZodObject,
  columns: Columns,
  checks: readonly CheckSpecification[],
  isPartial: boolean,
): z.ZodType {
  const common = checks.filter((check) => check.columns.length > 1)
  return common.reduce(
    (refined, check) =>
      refined.refine((row) => {
        if (isPartial && !check.columns.every((name) => name in row)) return true
        return check.test(operands(columns, check, row)) !== false
      }, explain(check)),
    schema,
  )
}

function operands(columns: Columns, check: CheckSpecification, row: Readonly<Record<string, unknown>>) {
  return Object.fromEntries(
    check.columns.map((name) => {
      const column = columns[name]
      return [name, column?.kind.operand(name in row ? row[name] : column.default?.())]
    }),
  )
}

function explain({ name, expression }: CheckSpecification) {
  return { message: `must satisfy ${name}: ${expression}`, params: { constraint: name } }
}

function mapColumns(columns: Columns, map: (name: string, column: ColumnSpecification) => z.ZodType): Shape {
  return Object.fromEntries(Object.entries(columns).map(([name, column]) => [name, map(name, column)]))
}
