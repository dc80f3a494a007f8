import net from 'node:net'

/** The part of a `node:test` context that is needed. */
interface Context {
  after(fn: () => Promise<void>): void
}

/** A server of bytes on a free port, for what no PostgreSQL would do. It ends with the test. */
export async function fakeServer(
  t: Context,
  serve: (socket: net.Socket) => void,
): Promise<{ port: number; connections: number; open: number }> {
  const state = { port: 0, connections: 0, open: 0 }
  const sockets = new Set<net.Socket>()
  const server = net.createServer((socket) => {
    state.connections += 1
    state.open += 1
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => {
      state.open -= 1
      sockets.delete(socket)
    })
    serve(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the fake server has no port')
  state.port = address.port
  return state
}

/** A port at which nobody listens. */
export async function closedPort(): Promise<number> {
  const server = net.createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('the server had no port')
  return address.port
}

/** Connects a client of a fake server to a real one on this machine; what the client says is passed on. */
function reach(client: net.Socket, port: number): net.Socket {
  const server = net.connect({ host: '127.0.0.1', port, noDelay: true })
  client.on('error', () => server.destroy())
  server.on('error', () => client.destroy())
  client.on('close', () => server.destroy())
  client.pipe(server)
  return server
}

/** Stands between a client and a real server and passes everything on. */
export function passOn(client: net.Socket, port: number): void {
  reach(client, port).pipe(client)
}

/** Stands before a real server and passes on what it says in pieces of a few bytes, each a packet of its own. */
export async function tricklingProxy(t: Context, port: number, pieceLength: number): Promise<number> {
  const proxy = await fakeServer(t, (client) => {
    client.setNoDelay(true)
    trickle(reach(client, port), client, pieceLength).catch(() => client.destroy())
  })
  return proxy.port
}

async function trickle(from: net.Socket, to: net.Socket, pieceLength: number): Promise<void> {
  for await (const chunk of from) {
    for (let start = 0; start < chunk.length; start += pieceLength) {
      to.write(chunk.subarray(start, start + pieceLength))
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  to.end()
}

/** Stands before a real server and changes what that says, as a faulty network may; bytes are passed as letters of latin1. */
export async function damagingProxy(t: Context, port: number, damage: (text: string) => string): Promise<number> {
  const proxy = await fakeServer(t, (client) => {
    const server = reach(client, port)
    server.on('data', (chunk) => client.write(Buffer.from(damage(chunk.toString('latin1')), 'latin1')))
    server.on('close', () => client.destroy())
  })
  return proxy.port
}

/** Stands before a real server and records the packets of the client. */
export async function recordingProxy(t: Context, port: number): Promise<{ port: number; said: Buffer[] }> {
  const said: Buffer[] = []
  const proxy = await fakeServer(t, (client) => {
    client.on('data', (chunk) => said.push(chunk))
    passOn(client, port)
  })
  return { port: proxy.port, said }
}

/** Port of a URL's server, or null when it runs on another machine and no proxy can stand before it. */
export function localPort(url: string): number | null {
  const { hostname, port } = new URL(url)
  return ['127.0.0.1', 'localhost'].includes(hostname) ? Number(port || 5432) : null
}

/** The same URL for a proxy on this machine. */
export function throughPort(url: string, port: number): string {
  const changed = new URL(url)
  changed.hostname = '127.0.0.1'
  changed.port = String(port)
  return changed.href
}

/** A message of the server: its letter, its length, its body. */
export function frame(type: string, body: Uint8Array | string = ''): Buffer {
  const content = Buffer.from(body)
  const header = Buffer.alloc(5)
  header.write(type)
  header.writeInt32BE(content.length + 4, 1)
  return Buffer.concat([header, content])
}
