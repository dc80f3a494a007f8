/**
 * Ratios against peers, measured in one run on one embedded server: `npm run bench`, or `npm run bench -- 31` for more
 * rounds, or `npm run bench -- dump` for some parts only. `npm run bench -- many-databases databases=100` makes fewer of them.
 * Exits with 1 when a figure is exceeded.
 */
import { startPostgres } from '../../lib/testing/index.js'
import { benchApply } from './apply.js'
import { benchDump } from './dump.js'
import { benchManyDatabases } from './many-databases.js'
import { benchStartUp } from './start-up.js'

const fewestRounds = 15

const parts = { 'start-up': benchStartUp, apply: benchApply, dump: benchDump, 'many-databases': benchManyDatabases }
type Part = keyof typeof parts
/** Each of their rounds takes as long as dozens of the others. */
const fewestRoundsOf: { readonly [Name in Part]?: number } = { dump: 5, 'many-databases': 3 }
const isPart = (text: string): text is Part => Object.hasOwn(parts, text)

const words = process.argv.slice(2)
const databases = words.find((word) => /^databases=\d+$/.test(word))?.split('=')[1]
const given = words.filter((word) => !word.startsWith('databases='))
const unknown = given.filter((text) => !isPart(text) && !/^\d+$/.test(text))
if (unknown.length > 0) throw new Error(`unknown: ${unknown.join(', ')}; known are ${Object.keys(parts).join(', ')}`)
const wanted = given.filter(isPart)
const rounds = Number(given.find((text) => !isPart(text)) ?? 0)
// 1,000 tables in one transaction take more locks than the default has room for.
const server = await startPostgres({ settings: { max_locks_per_transaction: '512' } })
try {
  const results: boolean[] = []
  for (const part of wanted.length > 0 ? wanted : Object.keys(parts).filter(isPart)) {
    const roundsOfPart = Math.max(rounds, fewestRoundsOf[part] ?? fewestRounds)
    results.push(await parts[part](server, roundsOfPart, databases === undefined ? undefined : Number(databases)))
  }
  const holds = results.every(Boolean)
  console.log(holds ? '\nEvery figure is kept.' : '\nA figure is exceeded.')
  process.exitCode = holds ? 0 : 1
} finally {
  await server.stop()
}
