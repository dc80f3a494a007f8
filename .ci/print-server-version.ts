// Prints the version of PostgreSQL that the tests would run on.
import { startPostgres } from '../lib/testing/index.js'

const server = await startPostgres()
console.log(server.version)
await server.stop()
