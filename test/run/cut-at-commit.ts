import net from 'node:net'
import type { TestContext } from 'node:test'
import { fakeServer, localPort, throughPort } from './fake-server.js'

/**
 * Where the connection breaks: in front of the server, so that it never hears of the COMMIT; between its commit and the answer;
 * right behind the answer. `silent`: as the second one, but nobody is told. `unnoticed`: the client is gone while the server is at the
 * COMMIT, and the server hears of it only when it answers, as from a machine without power.
 */
export type Cut = 'before the commit' | 'before the answer' | 'behind the answer' | 'silent' | 'unnoticed'

const committed = 'COMMIT\0'

/**
 * A proxy in front of the server of a URL, which cuts the first connection that sends a message with a COMMIT and all of some words,
 * and passes on everything else.
 *
 * @returns the URL through the proxy; null when the server is not on this machine.
 */
export async function cutAtCommit(t: TestContext, url: string, cut: Cut, words = ['doubtful']): Promise<string | null> {
  const port = localPort(url)
  if (port === null) return null
  let isArmed = true
  const proxy = await fakeServer(t, (client) => {
    const server = net.connect({ host: '127.0.0.1', port, noDelay: true })
    let isStruck = false
    server.on('error', () => client.destroy())
    client.on('close', () => {
      if (!isStruck || cut !== 'unnoticed') server.destroy()
    })
    client.on('data', (chunk) => {
      if (isArmed && [...words, 'COMMIT'].every((word) => chunk.includes(word))) {
        isArmed = false
        isStruck = true
        if (cut === 'before the commit') {
          server.destroy()
          client.destroy()
          return
        }
      }
      server.write(chunk)
      if (isStruck && cut === 'unnoticed') client.destroy()
    })
    server.on('data', (chunk) => {
      const found = isStruck ? chunk.indexOf(committed) : -1
      if (isStruck && cut === 'silent') return
      if (isStruck && cut === 'unnoticed') {
        if (found !== -1) server.destroy()
        return
      }
      if (found === -1) client.write(chunk)
      else if (cut === 'behind the answer') client.end(chunk.subarray(0, found + committed.length))
      else client.destroy()
    })
    server.on('close', () => client.destroy())
  })
  return throughPort(url, proxy.port)
}
