/**
 * A column whose type differs between reading, inserting and updating. It has the structure of Kysely's type of the
 * same name, so the `Database` of the bundled model can be given to Kysely, yet nothing depends on Kysely.
 */
export interface ColumnType<Select, Insert, Update> {
  readonly __select__: Select
  readonly __insert__: Insert
  readonly __update__: Update
}

/** A column that an insert may leave out, because it has a default. */
export type Generated<Value> = ColumnType<Value, Value | undefined, Value>

/** A column that can only be read, as in a view. */
export type ReadOnly<Value> = ColumnType<Value, never, never>

/** What `JSON.stringify` carries without a change. Members that are `undefined` are left out. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject

/** A JSON object. */
export interface JsonObject {
  readonly [key: string]: JsonValue | undefined
}

type SelectOf<Column> = Column extends ColumnType<infer Select, unknown, unknown> ? Select : Column
type InsertOf<Column> = Column extends ColumnType<unknown, infer Insert, unknown> ? Insert : Column
type UpdateOf<Column> = Column extends ColumnType<unknown, unknown, infer Update> ? Update : Column

/** The columns that an insert may leave out: those with a default, and those that may be null. */
type OptionalKeys<Table> = {
  [Key in keyof Table]: undefined extends InsertOf<Table[Key]> ? Key : null extends InsertOf<Table[Key]> ? Key : never
}[keyof Table]

/** A row as a query delivers it, of a table or view. */
export type Selected<Table> = { [Key in keyof Table]: SelectOf<Table[Key]> }

/** A row to insert. */
export type Inserted<Table> = {
  [Key in Exclude<keyof Table, OptionalKeys<Table>>]: InsertOf<Table[Key]>
} & { [Key in OptionalKeys<Table>]?: Exclude<InsertOf<Table[Key]>, undefined> }

/** Columns to change. */
export type Updated<Table> = { [Key in keyof Table]?: Exclude<UpdateOf<Table[Key]>, undefined> }
