import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type ColumnType as ColumnTypeOfKysely,
  type CompiledQuery,
  DummyDriver,
  type Insertable,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type Selectable,
  type Updateable,
} from 'kysely'
import type { ParameterOrJSON, TransactionSql } from 'postgres'
import {
  type ColumnType,
  type Database,
  defaultRoleNames,
  type JsonObject,
  type NewRow,
  type Row,
  type RowUpdate,
  survey,
  withOrganisation,
} from '../../lib/model/index.js'
import * as schemas from '../../lib/schemas/index.js'
import { ids, tenantDatabase } from './model-database.js'

type Equal<Left, Right> =
  (<Probe>() => Probe extends Left ? 1 : 2) extends <Probe>() => Probe extends Right ? 1 : 2 ? true : false
type Same<Left, Right> = [Left] extends [Right] ? ([Right] extends [Left] ? true : false) : false
type Defined<Values> = { [Key in keyof Values]: Exclude<Values[Key], undefined> }
const hold = <_Condition extends true>(): void => {}

type Contacts = Database['survey.contacts']

const database = new Kysely<Database>({
  dialect: {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (kysely) => new PostgresIntrospector(kysely),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  },
})

/** Runs on postgres.js what Kysely compiled. */
const run = async <Result>(sql: TransactionSql, { sql: text, parameters }: CompiledQuery<Result>) =>
  await sql.unsafe<Result[] & object[]>(text, parameters as ParameterOrJSON<never>[])

test('the types are those of Kysely, without Kysely', () => {
  hold<Equal<ColumnType<1, 2, 3>['__select__'], 1>>()
  hold<Same<ColumnType<string, number, Date>, ColumnTypeOfKysely<string, number, Date>>>()
  hold<Same<Row<'survey.contacts'>, Selectable<Contacts>>>()
  // Kysely allows undefined as well, which postgres.js refuses to send.
  hold<Same<NewRow<'survey.contacts'>, Defined<Insertable<Contacts>>>>()
  hold<Same<RowUpdate<'survey.contacts'>, Defined<Updateable<Contacts>>>>()
  hold<Same<Row<'survey.v_campaign_progress'>, Selectable<Database['survey.v_campaign_progress']>>>()
  hold<Equal<Row<'survey.contacts'>['state'], survey.ContactState>>()
  hold<Equal<Row<'survey.contacts'>['attributes'], JsonObject>>()
  hold<Equal<Row<'telephony.compliance_rules'>['valid_from'], Date>>()
  hold<Equal<NewRow<'telephony.compliance_rules'>['valid_from'], string | undefined>>()
  hold<Equal<Row<'telephony.call_attempts'>['cost_amount'], string | null>>()
  const contact: NewRow<'survey.contacts'> = { campaign_id: ids.red, phone_number: '+390600000000' }
  // @ts-expect-error the phone number is missing
  const incomplete: NewRow<'survey.contacts'> = { campaign_id: ids.red }
  // @ts-expect-error no such state
  const wrong: RowUpdate<'survey.contacts'> = { state: 'gone' }
  // @ts-expect-error no such table
  void ((): unknown => database.selectFrom('survey.contact'))
  assert.deepEqual([contact, incomplete, wrong].length, 3)
})

test('the schemas give and take the rows of the types', () => {
  hold<Same<ReturnType<typeof schemas.survey.contacts.row.parse>, Row<'survey.contacts'>>>()
  hold<Same<ReturnType<typeof schemas.survey.contacts.insert.parse>, NewRow<'survey.contacts'>>>()
  hold<Same<ReturnType<typeof schemas.survey.contacts.update.parse>, RowUpdate<'survey.contacts'>>>()
  hold<Same<ReturnType<typeof schemas.telephony.tasks.insert.parse>, NewRow<'telephony.tasks'>>>()
  const { insert } = schemas.survey.contacts
  assert.equal(insert.shape.phone_number.safeParse('+390600000000').success, true)
  assert.equal(insert.shape.phone_number.safeParse('060000').success, false)
})

test('queries that Kysely builds over the model run for one organisation', async (t) => {
  const { sql } = await tenantDatabase(t)
  const context = { organisationId: ids.red, userId: ids.redMember, role: defaultRoleNames.app }
  const found = await withOrganisation(sql, context, async (transaction) => {
    const campaign = database
      .insertInto('survey.campaigns')
      .values({ name: 'First', intro_script: 'Good morning', settings: { retries: [1, 2] } })
      .returning(['id', 'status', 'settings', 'allowed_call_start_local', 'created_at'])
    const [created] = await run(transaction, campaign.compile())
    assert.ok(created)
    assert.equal(created.status, survey.campaignStatus.draft)
    assert.deepEqual(created.settings, { retries: [1, 2] })
    assert.ok(created.created_at instanceof Date)
    const contact = { campaign_id: created.id, phone_number: '+390600000000', consent_at: new Date(0) }
    await run(transaction, database.insertInto('survey.contacts').values(contact).compile())
    const change = { state: survey.contactState.completed, attributes: { done: true } }
    await run(transaction, database.updateTable('survey.contacts').set(change).where('state', '=', 'pending').compile())
    const query = database
      .selectFrom('survey.contacts')
      .innerJoin('survey.campaigns', 'survey.campaigns.id', 'survey.contacts.campaign_id')
      .select(['survey.contacts.state', 'survey.contacts.attributes', 'survey.campaigns.name', 'consent_at'])
    return await run(transaction, query.compile())
  })
  assert.deepEqual(
    [...found],
    [{ state: 'completed', attributes: { done: true }, name: 'First', consent_at: new Date(0) }],
  )
})

test('names of tables and columns serve postgres.js', async (t) => {
  const { sql } = await tenantDatabase(t)
  const { tables, columns } = survey
  const rows = await sql<Row<'survey.prompts'>[]>`SELECT ${sql(columns.prompts)} FROM ${sql(tables.prompts)}`
  assert.deepEqual(
    rows.columns.map(({ name }) => name),
    [...columns.prompts],
  )
})
