import { createServer, get } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What the process around the library sees: it serves, and counts what nobody caught. */
export interface HostService {
  /** Errors that no promise and no handler caught since the last call. */
  takeUncaught(): readonly string[]
  /** Whether it still answers. */
  answers(): Promise<boolean>
}

/** Makes this process a service that calls the library at its start: it listens, and must go on whatever happens. */
export async function startHostService(): Promise<HostService> {
  let uncaught: string[] = []
  const note = (error: unknown): void => {
    uncaught.push(error instanceof Error ? (error.stack ?? error.message) : String(error))
  }
  process.on('uncaughtException', note)
  process.on('unhandledRejection', note)
  const server = createServer((_request, response) => response.end('ok'))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    takeUncaught() {
      const taken = uncaught
      uncaught = []
      return taken
    },
    answers: async () =>
      await new Promise((resolve) => {
        const request = get({ port, host: '127.0.0.1', agent: false, timeout: 5_000 }, (response) => {
          response.resume()
          response.on('end', () => resolve(response.statusCode === 200))
        })
        request.on('error', () => resolve(false))
        request.on('timeout', () => request.destroy())
      }),
  }
}
