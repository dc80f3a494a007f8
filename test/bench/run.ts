/**
 * Ratios against peers, measured in one run on one embedded server: `npm run bench`, or `npm run bench -- 31` for more
 * rounds. Exits with 1 when a ratio is above its figure.
 */
import { startPostgres } from '../../lib/testing/index.js'
import { benchApply } from './apply.js'
import { benchStartUp } from './start-up.js'

const rounds = Math.max(Number(process.argv[2] ?? 15), 15)
// 1,000 tables in one transaction take more locks than the default has room for.
const server = await startPostgres({ settings: { max_locks_per_transaction: '512' } })
try {
  const results = [await benchStartUp(server, rounds), await benchApply(server, rounds)]
  const holds = results.every(Boolean)
  console.log(holds ? '\nEvery figure is kept.' : '\nA figure is exceeded.')
  process.exitCode = holds ? 0 : 1
} finally {
  await server.stop()
}
