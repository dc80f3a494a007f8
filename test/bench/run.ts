/**
 * Ratios against peers, measured in one run on one embedded server: `npm run bench`, or `npm run bench -- 31` for more
 * rounds, or `npm run bench -- dump` for some parts only. Exits with 1 when a figure is exceeded.
 */
import { startPostgres } from '../../lib/testing/index.js'
import { benchApply } from './apply.js'
import { benchDump } from './dump.js'
import { benchStartUp } from './start-up.js'

const fewestRounds = 15
/** Each of its rounds takes as long as dozens of the others. */
const fewestRoundsOfDump = 5

const parts = { 'start-up': benchStartUp, apply: benchApply, dump: benchDump }
type Part = keyof typeof parts
const isPart = (text: string): text is Part => Object.hasOwn(parts, text)

const given = process.argv.slice(2)
const unknown = given.filter((text) => !isPart(text) && !/^\d+$/.test(text))
if (unknown.length > 0) throw new Error(`unknown: ${unknown.join(', ')}; known are ${Object.keys(parts).join(', ')}`)
const wanted = given.filter(isPart)
const rounds = Number(given.find((text) => !isPart(text)) ?? 0)
// 1,000 tables in one transaction take more locks than the default has room for.
const server = await startPostgres({ settings: { max_locks_per_transaction: '512' } })
try {
  const results: boolean[] = []
  for (const part of wanted.length > 0 ? wanted : Object.keys(parts).filter(isPart)) {
    const fewest = part === 'dump' ? fewestRoundsOfDump : fewestRounds
    results.push(await parts[part](server, Math.max(rounds, fewest)))
  }
  const holds = results.every(Boolean)
  console.log(holds ? '\nEvery figure is kept.' : '\nA figure is exceeded.')
  process.exitCode = holds ? 0 : 1
} finally {
  await server.stop()
}
