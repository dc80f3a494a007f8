import net from 'node:net'
import type { TestContext } from 'node:test'
import { fakeServer, localPort, throughPort } from './fake-server.js'

/** A network between a client and a server that can fall silent, without telling anybody. */
export interface FreezingProxy {
  readonly url: string
  /** How many connections the client has open. */
  readonly open: number
  /** From now on nothing passes, in either direction; connections are taken, and their words with them. */
  freeze(): void
  /** Resolves when it has fallen silent. */
  readonly frozen: Promise<void>
}

/**
 * @param freezeAt it falls silent before it passes on a message of the client with these words.
 * @returns null when the server is not on this machine.
 */
export async function freezingProxy(t: TestContext, url: string, freezeAt?: string): Promise<FreezingProxy | null> {
  const port = localPort(url)
  if (port === null) return null
  let isFrozen = false
  let tell = (): void => {}
  const frozen = new Promise<void>((resolve) => (tell = resolve))
  const freeze = (): void => {
    isFrozen = true
    tell()
  }
  const servers = new Set<net.Socket>()
  t.after(() => {
    for (const server of servers) server.destroy()
  })
  const proxy = await fakeServer(t, (client) => {
    const server = net.connect({ host: '127.0.0.1', port, noDelay: true })
    servers.add(server)
    server.on('error', () => client.destroy())
    client.on('close', () => {
      if (!isFrozen) server.destroy()
    })
    client.on('data', (chunk) => {
      if (freezeAt !== undefined && chunk.includes(freezeAt)) freeze()
      if (!isFrozen) server.write(chunk)
    })
    server.on('data', (chunk) => {
      if (!isFrozen) client.write(chunk)
    })
    server.on('close', () => {
      if (!isFrozen) client.destroy()
    })
  })
  return {
    url: throughPort(url, proxy.port),
    get open() {
      return proxy.open
    },
    freeze,
    frozen,
  }
}
