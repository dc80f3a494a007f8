// A process that calls migrate() once and prints the memory that this took, as one line of JSON.
import { type MigrateOptions, migrate, SchemawayError } from '../../lib/index.js'

const options = JSON.parse(process.env['MIGRATE_OPTIONS'] ?? '{}') as MigrateOptions
const peak = (): number => process.resourceUsage().maxRSS * 1024
// What a run needs besides the script is loaded by a run without one.
await migrate({ ...options, locations: process.env['SMALL_LOCATION'] ?? '' })
const before = peak()
try {
  const { migrations } = await migrate(options)
  console.log(JSON.stringify({ before, after: peak(), applied: migrations.length }))
} catch (error) {
  const { code, message, details } =
    error instanceof SchemawayError ? error : new SchemawayError('ABORTED', String(error))
  console.log(JSON.stringify({ before, after: peak(), failed: { code, message, details } }))
}
