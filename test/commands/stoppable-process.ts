// A service that calls migrate() and, on SIGTERM, lets go of it before it ends. It prints how that ended as a line of JSON.
import { type MigrateOptions, migrate, SchemawayError } from '../../lib/index.js'

const options = JSON.parse(process.env['MIGRATE_OPTIONS'] ?? '{}') as MigrateOptions
const controller = new AbortController()
process.once('SIGTERM', () => controller.abort(new Error('SIGTERM')))

async function run(): Promise<void> {
  try {
    const { migrations } = await migrate({ ...options, signal: controller.signal })
    console.log(JSON.stringify({ applied: migrations.map(({ script }) => script) }))
  } catch (error) {
    if (!(error instanceof SchemawayError)) throw error
    console.log(JSON.stringify({ code: error.code, message: error.message, applied: error.details.applied }))
    process.exitCode = 3
  }
}

void run()
