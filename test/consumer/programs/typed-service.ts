// A service in TypeScript that uses the types: options and reports with names, events told apart, errors by code, a
// module of its own, and the bundled model. Its only argument is the command to run.
import postgres from 'postgres'
import {
  bundled,
  createMigrator,
  defineModule,
  type ErrorCode,
  type InfoReport,
  type MigrationEvent,
  type Migrator,
  type Module,
  type RunReport,
  SchemawayError,
  type WritingOptions,
} from 'schemaway'
import { defaultRoleNames, type TenantContext, withOrganisation, withWorker } from 'schemaway/model'

const url: string = process.env['DATABASE_URL'] ?? ''
const billing: Module = defineModule({
  name: 'billing',
  directory: new URL('../billing/', import.meta.url),
  requires: ['iam'],
})

const seen = new Set<string>()

function hear(event: MigrationEvent): void {
  if (event.type === 'stepFinished') seen.add(event.script)
  if (event.type === 'planned') for (const { version } of event.steps) void (version satisfies string | null)
}

const options: WritingOptions = {
  url,
  modules: [...bundled.map(({ name }) => name), billing],
  logger: { warn: (message: string) => console.error(message) },
  onEvent: hear,
}
const migrator: Migrator = createMigrator(options)

/** Reads a value of each kind, so that a type that changes is noticed here. */
function describe(report: RunReport, { currentVersion, migrations }: InfoReport): string {
  const [newest] = migrations.filter(({ state }) => state === 'Success')
  return `${report.server} ${report.milliseconds.toFixed()} ${currentVersion?.length} ${newest?.executionTime?.toFixed()}`
}

function isWorthAnotherTry(code: ErrorCode): boolean {
  return code === 'LOCK_WAIT_TIMEOUT' || code === 'CONNECTION_LOST'
}

/** A table of the bundled model and one of our own, as the application and as the worker see them. */
async function useModel(): Promise<void> {
  const sql = postgres(url, { max: 1 })
  try {
    const organisationId = await withWorker(sql, async (transaction) => {
      const [row] = await transaction<{ id: string }[]>`
        INSERT INTO iam.organisations (slug, name) VALUES ('acme', 'Acme Ltd') RETURNING id`
      if (row === undefined) throw new Error('no row came back')
      return row.id
    })
    const context: TenantContext = { organisationId, role: defaultRoleNames.app }
    const names: readonly string[] = await withOrganisation(sql, context, async (transaction) => {
      const rows = await transaction<{ name: string }[]>`SELECT name FROM iam.organisations`
      return rows.map(({ name }) => name)
    })
    if (names.join() !== 'Acme Ltd') throw new Error(`the organisation sees ${names}`)
    await sql`INSERT INTO billing.invoices VALUES (${organisationId}, 1)`
  } finally {
    await sql.end()
  }
}

async function refuseLossOfData(): Promise<void> {
  try {
    await migrator.rollback({ to: 'empty' })
  } catch (error) {
    if (!(error instanceof SchemawayError) || isWorthAnotherTry(error.code)) throw error
    if (error.code !== 'DATA_LOSS_REFUSED') throw error
    const tables: readonly string[] = error.details.tables?.map(({ table }) => table) ?? []
    if (!tables.some((table) => table.includes('invoices'))) throw error
    return
  }
  throw new Error('a table with rows was dropped')
}

async function run(command: string | undefined): Promise<RunReport> {
  if (command !== 'rollback') return await migrator.migrate()
  await useModel()
  await refuseLossOfData()
  return await migrator.rollback({ to: 'empty', allowDataLoss: true })
}

const report = await run(process.argv[2])
const scripts = report.migrations.map(({ script }) => script)
if (scripts.some((script) => !seen.has(script))) throw new Error(`events told of ${[...seen]} only`)
if (describe(report, await migrator.info()) === '') throw new Error('nothing to say')
console.log(JSON.stringify({ migrations: scripts, resources: process.getActiveResourcesInfo() }))
