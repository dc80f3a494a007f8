// A service that answers requests over HTTP while it migrates, in a process of its own. It catches nothing but what migrate()
// rejects with, so that whatever else goes wrong ends it; on SIGTERM it stops migrating, and ends once nothing is open any more.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type MigrateOptions, migrate, SchemawayError } from '../../lib/index.js'

/** How a migrate() of the service ended, as it travels to the test. */
export type ServiceOutcome =
  | { readonly end: 'done' }
  | { readonly end: 'coded'; readonly code: string; readonly message: string }
  | { readonly end: 'uncoded'; readonly message: string }

/** What the service says of itself. */
export type ServiceMessage =
  | { readonly type: 'listening'; readonly port: number }
  | { readonly type: 'migrated'; readonly outcome: ServiceOutcome }

const stop = new AbortController()
process.once('SIGTERM', () => stop.abort(new Error('SIGTERM')))

async function migrateOnce(options: MigrateOptions): Promise<ServiceOutcome> {
  try {
    await migrate({ ...options, signal: stop.signal })
    return { end: 'done' }
  } catch (error) {
    if (error instanceof SchemawayError) return { end: 'coded', code: error.code, message: error.message }
    return { end: 'uncoded', message: error instanceof Error ? (error.stack ?? error.message) : String(error) }
  }
}

let isMigrating = false
const server = createServer((_request, response) => response.end(isMigrating ? 'migrating' : 'ready'))
const say = (message: ServiceMessage): void => void process.send?.(message)

process.on('disconnect', () => server.close())
process.on('message', (options: MigrateOptions) => {
  isMigrating = true
  void migrateOnce(options).then((outcome) => {
    isMigrating = false
    say({ type: 'migrated', outcome })
    if (stop.signal.aborted) process.disconnect()
  })
})
server.listen(0, '127.0.0.1', () => say({ type: 'listening', port: (server.address() as AddressInfo).port }))
