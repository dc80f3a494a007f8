// A process that waits for a word on its standard input, calls migrate(), and prints what happens as JSON lines.
import { once } from 'node:events'
import { type MigrateOptions, migrate, SchemawayError } from '../../lib/index.js'

const options = JSON.parse(process.env['MIGRATE_OPTIONS'] ?? '{}') as MigrateOptions
const print = (value: unknown): void => void process.stdout.write(`${JSON.stringify(value)}\n`)

print({ type: 'ready' })
await once(process.stdin, 'data')
try {
  print({ type: 'report', report: await migrate({ ...options, onEvent: print }) })
} catch (error) {
  print({ type: 'failed', error: error instanceof SchemawayError ? error : String(error) })
  process.exitCode = 1
}
