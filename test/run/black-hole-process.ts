// Listens and takes no connection: it stops itself, so that nobody empties the queue of those that come.
import { createServer } from 'node:net'

const server = createServer()
server.listen({ host: '127.0.0.1', port: 0, backlog: 1 }, () => {
  process.stdout.write(`${JSON.stringify(server.address())}\n`, () => process.kill(process.pid, 'SIGSTOP'))
})
