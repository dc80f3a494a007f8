import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { TestDatabase, TestServer } from '../../lib/testing/index.js'
import { ratios, report } from './measure.js'

const concurrency = 8
const scripts = 10
const fewTargets = 50
/** Most that a process with all targets may be resident, as a multiple of one with few. */
const mostGrowth = 1.2
const mostTime = 1.3
const migrateModule = new URL('../../dist/index.js', import.meta.url).href

/** A process that migrates every database of a list, and prints the most memory it ever had, in kibibytes. */
const program = `
  import { readFileSync } from 'node:fs'
  import { migrateAll } from ${JSON.stringify(migrateModule)}
  const targets = readFileSync(process.env.BENCH_TARGETS, 'utf8').split('\\n').filter(Boolean)
  const report = await migrateAll(targets, { locations: process.env.BENCH_LOCATION, concurrency: ${concurrency} })
  report.throwIfFailed()
  if (report.migrated !== targets.length) throw new Error(report.migrated + ' databases were migrated')
  console.log(process.resourceUsage().maxRSS)`

/** Tables with an index: what small migrations do. */
function script(number: number): string {
  return (
    `CREATE TABLE m${number} (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a int NOT NULL DEFAULT 0, b text);\n` +
    `CREATE INDEX m${number}_a ON m${number} (a);\n`
  )
}

/**
 * Whole processes: `migrateAll()` over many databases against psql called by xargs for each of them, with the same number at a
 * time; and how much memory it takes with few databases and with all of them.
 */
export async function benchManyDatabases(server: TestServer, rounds: number, count = 500): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), 'schemaway-bench-'))
  const targets = join(folder, 'targets')
  const location = join(folder, 'migrations')
  try {
    mkdirSync(location)
    const files = Array.from({ length: scripts }, (_, number) => join(location, `V${number + 1}__m.sql`))
    for (const [number, file] of files.entries()) writeFileSync(file, script(number + 1))

    /** Milliseconds of a process for new databases, and what it printed. */
    const measure = async (databases: number, command: readonly [string, ...string[]]) => {
      const all = await createAll(server, databases)
      writeFileSync(targets, all.map(({ url }) => `${url}\n`).join(''))
      const started = performance.now()
      const output = await runProcess(command, { BENCH_TARGETS: targets, BENCH_LOCATION: location })
      const time = performance.now() - started
      for (const database of all) await database.drop()
      return { time, output }
    }
    const own = [process.execPath, '--input-type=module', '--eval', program] as const
    const psql = `psql -X -q -1 -v ON_ERROR_STOP=1 ${files.map((file) => `-f '${file}'`).join(' ')} -d`
    const loop = ['sh', '-c', `xargs -P ${concurrency} -n 1 ${psql} < "$BENCH_TARGETS"`] as const

    console.log(`\n${count} databases with ${scripts} migrations each, ${concurrency} at a time, ${rounds} rounds`)
    const peak = async (databases: number): Promise<number> => Number((await measure(databases, own)).output) * 1024
    const few = await peak(Math.min(fewTargets, count))
    const peaks: number[] = []
    const isThere = spawnSync('psql', ['--version']).status === 0
    const names = {
      base: 'process: psql -1, by xargs',
      own: 'process: migrateAll()',
      control: 'process: psql -1 (again)',
    }
    const times = new Map<string, number[]>(Object.values(names).map((name) => [name, []]))
    const contestants = [
      { name: names.base, command: loop },
      { name: names.own, command: own },
      { name: names.control, command: loop },
    ].filter(({ command }) => isThere || command === own)
    for (let round = 0; round < rounds; round += 1) {
      for (const { name, command } of round % 2 === 0 ? contestants : contestants.toReversed()) {
        const { time, output } = await measure(count, command)
        times.get(name)?.push(time)
        if (command === own) peaks.push(Number(output) * 1024)
      }
    }
    let holds = isThere
    if (isThere) {
      holds = report(times, [
        { name: 'same against same', ratios: ratios(times, names.control, names.base), limit: null },
        { name: 'migrateAll() / psql -1', ratios: ratios(times, names.own, names.base), limit: mostTime },
      ])
    } else console.log('  psql IS NOT INSTALLED, so migrateAll() WAS NOT COMPARED with it. Install postgresql-client.')
    const most = Math.max(...peaks)
    const growth = most / few
    const isSmall = growth <= mostGrowth
    const sizes = [few, most].map((bytes) => `${(bytes / 1e6).toFixed(0)} MB`)
    console.log(
      `  ${`peak resident, ${Math.min(fewTargets, count)} databases and ${count}`.padEnd(58)} ${sizes.join(' and ')}, ` +
        `x ${growth.toFixed(2)} (at most ${mostGrowth}: ${isSmall ? 'kept' : 'EXCEEDED'})`,
    )
    return holds && isSmall
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function createAll(server: TestServer, count: number): Promise<readonly TestDatabase[]> {
  const all: TestDatabase[] = []
  while (all.length < count) all.push(await server.createDatabase())
  return all
}

async function runProcess(
  [file, ...words]: readonly [string, ...string[]],
  environment: Readonly<Record<string, string>>,
): Promise<string> {
  const child = spawn(file, words, {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    env: { ...process.env, ...environment },
  })
  let output = ''
  let errors = ''
  child.stdout.on('data', (chunk) => (output += chunk))
  child.stderr.on('data', (chunk) => (errors += chunk))
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(errors)
  return output
}
