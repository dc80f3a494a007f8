// A process that calls migrate() for each line of its standard input, which holds options as JSON, and answers with a line.
import { createInterface } from 'node:readline'
import { type MigrateOptions, migrate } from '../../lib/index.js'

const answer = (value: unknown): void => void process.stdout.write(`${JSON.stringify(value)}\n`)

// What a first call loads is loaded before it.
await migrate({ url: 'postgres://127.0.0.1:1/none', connectRetries: 0 }).catch(() => {})
answer('ready')
for await (const line of createInterface({ input: process.stdin })) {
  try {
    const { migrations, lock } = await migrate(JSON.parse(line) as MigrateOptions)
    answer({ applied: migrations.map(({ script }) => script), strategy: lock?.strategy ?? null })
  } catch (error) {
    answer({ failed: error instanceof Error ? error.message : String(error) })
  }
}
