import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** Told of each query of a client, with its number from 1 on; the query waits for `before`, and what follows it for `after`. */
export interface QueryListener {
  /** @returns what the server gets in place of a query without parameters. */
  readonly replace?: (number: number, text: string) => string
  readonly before?: (number: number) => Promise<void>
  readonly after?: (number: number) => Promise<void>
}

export interface QueryProxy {
  readonly port: number
  /** Queries since the listener was set. */
  readonly queries: number
  /** Sets who listens, and counts from 1 again. */
  listen(listener: QueryListener): void
  close(): Promise<void>
}

const simpleQuery = 0x51
const parse = 0x50

/**
 * Stands between clients without TLS and a server, and knows where in the conversation a query begins.
 *
 * @param target port of the server on 127.0.0.1.
 */
export async function startQueryProxy(target: number): Promise<QueryProxy> {
  let listener: QueryListener = {}
  let queries = 0
  const sockets = new Set<Socket>()

  async function pass(client: Socket, server: Socket): Promise<void> {
    for await (const message of messagesOf(client)) {
      const isQuery = message[0] === simpleQuery || message[0] === parse
      if (isQuery) queries += 1
      const number = queries
      if (isQuery) await listener.before?.(number)
      const { replace } = listener
      const isReplaced = replace !== undefined && message[0] === simpleQuery
      server.write(isReplaced ? withText(replace(number, textOf(message))) : message)
      if (isQuery) await listener.after?.(number)
    }
    server.end()
  }

  const proxy = createServer({ noDelay: true }, (client) => {
    const server = connect({ port: target, host: '127.0.0.1', noDelay: true })
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      sockets.add(socket)
      socket.on('error', () => other.destroy())
      socket.on('close', () => {
        sockets.delete(socket)
        // What it said last still has to arrive.
        if (!other.destroyed) other.end()
      })
    }
    server.pipe(client)
    pass(client, server).catch(() => server.destroy())
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  return {
    port: (proxy.address() as AddressInfo).port,
    get queries() {
      return queries
    },
    listen(next) {
      listener = next
      queries = 0
    },
    async close() {
      const closed = once(proxy, 'close')
      proxy.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

function textOf(message: Buffer): string {
  return message.toString('utf8', 5, message.length - 1)
}

function withText(text: string): Buffer {
  const body = Buffer.from(`${text}\0`)
  const header = Buffer.alloc(5)
  header[0] = simpleQuery
  header.writeUInt32BE(body.length + 4, 1)
  return Buffer.concat([header, body])
}

/** Cuts what a client says into messages. Of these only the first, the start-up packet, has no type before its length. */
async function* messagesOf(client: Socket): AsyncGenerator<Buffer> {
  let pending = Buffer.alloc(0)
  let lengthAt = 0
  for await (const chunk of client as AsyncIterable<Buffer>) {
    pending = Buffer.concat([pending, chunk])
    while (pending.length >= lengthAt + 4) {
      const end = lengthAt + pending.readUInt32BE(lengthAt)
      if (pending.length < end) break
      yield pending.subarray(0, end)
      pending = pending.subarray(end)
      lengthAt = 1
    }
  }
}
