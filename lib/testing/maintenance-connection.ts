import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import postgres from 'postgres'

const connectTimeoutMilliseconds = 10_000
/** Authentication, error, protocol negotiation, and yes or no to TLS. */
const firstAnswers = 'REvSN'

/** Connections on which databases are created and dropped. They keep this process alive only while they work. */
export interface MaintenanceConnection {
  run<T>(work: (sql: postgres.Sql) => Promise<T>): Promise<T>
  end(): Promise<void>
}

/** Opens nothing yet: the first {@link MaintenanceConnection.run} does. */
export function openMaintenanceConnection(url: string, socketPath?: string): MaintenanceConnection {
  const options = {
    // Two databases can be created side by side; more gain nothing.
    max: 2,
    fetch_types: false,
    max_lifetime: null,
    connection: { application_name: 'schemaway testing' },
    onnotice: () => {},
    ...(socketPath !== undefined && { path: socketPath }),
    socket: connectWithoutHoldingTheProcess,
  }
  const sql = postgres(url, options)
  return {
    run: async (work) => {
      const hold = setInterval(() => {}, 2 ** 30)
      try {
        return await work(sql)
      } finally {
        clearInterval(hold)
      }
    },
    end: async () => await sql.end({ timeout: 1 }),
  }
}

interface Target {
  readonly path: string | false | undefined
  readonly host: readonly string[]
  readonly port: readonly number[]
}

/** An idle connection of postgres.js keeps a process alive, unless we bring the socket. */
async function connectWithoutHoldingTheProcess(target: Target): Promise<Socket & { host?: string }> {
  const [host = 'localhost'] = target.host
  const [port = 5432] = target.port
  const socket = target.path ? connect(target.path) : connect(port, host)
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(connectTimeoutMilliseconds) })
  } catch (error) {
    socket.destroy()
    throw error
  }
  socket.unref()
  refuseStrangers(socket)
  // postgres.js takes the name that a certificate must have from here.
  return target.path ? socket : Object.assign(socket, { host })
}

/** postgres.js connects again and again to whoever hangs up without a word of its protocol. */
function refuseStrangers(socket: Socket): void {
  const hangUp = (): void => void socket.destroy(new Error('it closed the connection without an answer'))
  socket.once('end', hangUp)
  socket.once('data', (answer: Buffer) => {
    socket.removeListener('end', hangUp)
    if (!firstAnswers.includes(String.fromCharCode(answer[0] ?? 0))) {
      socket.destroy(new Error('something that is not PostgreSQL answered'))
    }
  })
}
