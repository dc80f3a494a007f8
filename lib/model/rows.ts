import type { Database, TableName, ViewName } from './generated/database.js'
import type { Inserted, Selected, Updated } from './row-types.js'

/**
 * A row of a table or view, as postgres.js delivers it by default: uuid, numeric, bigint and time as text; timestamps
 * and dates as Date; jsonb as its value; bytea as Buffer. Columns of views may all be null, as far as PostgreSQL knows.
 *
 * @example
 * const contacts = await sql<Row<'survey.contacts'>[]>`SELECT * FROM survey.contacts`
 */
export type Row<Name extends TableName | ViewName> = Selected<Database[Name]>

/**
 * A row to insert: columns with a default and columns that may be null can be left out.
 *
 * @example
 * const contact: NewRow<'survey.contacts'> = { campaign_id: campaignId, phone_number: '+390600000000' }
 * await transaction`INSERT INTO survey.contacts ${transaction(contact)}`
 */
export type NewRow<Name extends TableName> = Inserted<Database[Name]>

/** Columns to change in a row. */
export type RowUpdate<Name extends TableName> = Updated<Database[Name]>
