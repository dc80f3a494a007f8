import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { TestServer } from '../../lib/testing/index.js'
import { writeDump } from '../support/write-dump.js'
import { interleave, ratios, report } from './measure.js'

const megabyte = 1_000_000
const sizeOfCopies = 200 * megabyte
const sizeOfInserts = 50 * megabyte
/** Most that a process may be resident, in bytes. What INSERTs leave to the collector depends on the version of Node. */
const mostResident = { copies: 200 * megabyte, inserts: 300 * megabyte }
const migrateModule = new URL('../../dist/index.js', import.meta.url).href

/** A process that applies a folder and prints the most memory it ever had, in kibibytes. */
const program = `
  import { migrate } from ${JSON.stringify(migrateModule)}
  const { migrations } = await migrate({ url: process.env.BENCH_URL, locations: process.env.BENCH_LOCATION })
  if (migrations.length !== Number(process.env.BENCH_APPLIED)) throw new Error(migrations.length + ' migrations were applied')
  console.log(process.resourceUsage().maxRSS)`

/** A dump of 200 MB with COPY blocks against psql, and how much memory it and one with 50 MB of INSERTs take. */
export async function benchDump(server: TestServer, rounds: number): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), 'schemaway-bench-'))
  try {
    const copies = join(folder, 'copies')
    const inserts = join(folder, 'inserts')
    for (const location of [copies, inserts]) mkdirSync(location)
    writeDump(join(copies, 'V1__dump.sql'), sizeOfCopies, 'copy')
    writeDump(join(inserts, 'V1__dump.sql'), sizeOfInserts, 'inserts')

    const memory = new Map<string, { readonly bytes: number; readonly most: number }>()
    const migrateProcess = (url: string, style: keyof typeof mostResident, what: string, applied = 1): void => {
      const location = join(folder, style)
      const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
        cwd: fileURLToPath(new URL('../..', import.meta.url)),
        env: { ...process.env, BENCH_URL: url, BENCH_LOCATION: location, BENCH_APPLIED: String(applied) },
        encoding: 'utf8',
      })
      if (status !== 0) throw new Error(stderr)
      const bytes = Math.max(memory.get(what)?.bytes ?? 0, Number(stdout) * 1024)
      memory.set(what, { bytes, most: mostResident[style] })
    }
    const psqlProcess = (url: string): void => {
      const args = ['-X', '-q', '-1', '-v', 'ON_ERROR_STOP=1', '-d', url, '-f', join(copies, 'V1__dump.sql')]
      const { status, stderr, error } = spawnSync('psql', args, { encoding: 'utf8' })
      if (error !== undefined) throw new Error(`psql is needed for this comparison: ${error.message}`)
      if (status !== 0) throw new Error(stderr)
    }
    const fresh =
      (work: (url: string) => void, afterwards: (url: string) => void = () => {}) =>
      async () => {
        const database = await server.createDatabase()
        const started = performance.now()
        work(database.url)
        const time = performance.now() - started
        afterwards(database.url)
        await database.drop()
        return time
      }
    console.log(`\nA dump of ${sizeOfCopies / megabyte} MB with COPY blocks, ${rounds} rounds`)
    const base = 'process: psql -1'
    const own = 'process: migrate()'
    const times = await interleave(
      [
        { name: base, run: fresh(psqlProcess) },
        {
          name: own,
          run: fresh(
            (url) => migrateProcess(url, 'copies', 'applying it'),
            (url) => migrateProcess(url, 'copies', 'a start that finds it applied', 0),
          ),
        },
        { name: `${base} (same again)`, run: fresh(psqlProcess) },
      ],
      rounds,
    )
    const isFast = report(times, [
      { name: 'same against same', ratios: ratios(times, `${base} (same again)`, base), limit: null },
      { name: 'migrate() / psql -1', ratios: ratios(times, own, base), limit: 1.3 },
    ])
    const withInserts = `applying one of ${sizeOfInserts / megabyte} MB with INSERTs`
    await fresh((url) => migrateProcess(url, 'inserts', withInserts))()
    let isSmall = true
    for (const [what, { bytes, most }] of memory) {
      const isKept = bytes < most
      isSmall &&= isKept
      const verdict = `under ${most / megabyte} MB: ${isKept ? 'kept' : 'EXCEEDED'}`
      console.log(`  ${`peak resident, ${what}`.padEnd(58)} ${(bytes / megabyte).toFixed(0)} MB (${verdict})`)
    }
    return isFast && isSmall
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
