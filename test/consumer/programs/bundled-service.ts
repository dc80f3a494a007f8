// A service that is deployed as one file, in either format: so neither top-level await nor import.meta.
import { migrate, type RunReport, rollback, SchemawayError } from 'schemaway'

async function run(command: string | undefined): Promise<RunReport> {
  const url = process.env['DATABASE_URL']
  return command === 'rollback' ? await rollback({ url, to: 'empty' }) : await migrate({ url })
}

run(process.argv[2]).then(
  ({ migrations }) => {
    const resources = process.getActiveResourcesInfo()
    console.log(JSON.stringify({ migrations: migrations.map(({ script }) => script), resources }))
  },
  (error: unknown) => {
    console.error(error instanceof SchemawayError ? JSON.stringify(error) : error)
    process.exitCode = 1
  },
)
