import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { tellMissing } from '../support/tell-missing.js'

interface Context {
  after(fn: () => Promise<void>): void
}

const program = fileURLToPath(new URL('black-hole-process.ts', import.meta.url))
/** Far more than the queue of a server takes that asked for one place. */
const mostConnections = 64
const patience = 300

/**
 * A port that does not answer at all, as behind a firewall that drops packets: the handshake of TCP itself is never completed. It
 * belongs to a process that stands still, with as many connections waiting as the system lets it have.
 *
 * @returns null where the system answers for the process all the same; in CI that is a failure.
 */
export async function blackHole(t: Context): Promise<number | null> {
  const child = spawn(process.execPath, ['--import', 'tsx', program], { stdio: ['ignore', 'pipe', 'inherit'] })
  const sockets: Socket[] = []
  t.after(async () => {
    for (const socket of sockets) socket.destroy()
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  })
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  const { port } = JSON.parse(line.toString()) as { port: number }
  while (sockets.length < mostConnections) {
    const socket = connect({ host: '127.0.0.1', port })
    sockets.push(socket)
    socket.on('error', () => {})
    const isTaken = await Promise.race([once(socket, 'connect').then(() => true), delay(patience, false)])
    if (!isTaken) return port
  }
  tellMissing('no port of this system can be made not to answer')
  return null
}
