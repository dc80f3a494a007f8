import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestServer } from '../../lib/testing/index.js'
import { interleave, ratios, report } from './measure.js'

const count = 1_000
const migrateModule = new URL('../../dist/index.js', import.meta.url).href

/** 60 % tables with an index, 40 % added columns: what small migrations do. */
function script(number: number): string {
  return number % 5 < 3
    ? `CREATE TABLE m${number} (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a int NOT NULL DEFAULT 0, b text);\n` +
        `CREATE INDEX m${number}_a ON m${number} (a);\n`
    : `ALTER TABLE m${number - (number % 5)} ADD COLUMN c${number} text;\n`
}

/** 1,000 small migrations against psql, which runs the same text as one file in one transaction. */
export async function benchApply(server: TestServer, rounds: number): Promise<boolean> {
  const { migrate } = (await import(migrateModule)) as typeof import('../../lib/index.js')
  const folder = mkdtempSync(join(tmpdir(), 'schemaway-bench-'))
  const locations = join(folder, 'migrations')
  try {
    const texts = Array.from({ length: count }, (_, number) => script(number))
    mkdirSync(locations)
    for (const [number, text] of texts.entries()) {
      writeFileSync(join(locations, `V${String(number).padStart(4, '0')}__m.sql`), text)
    }
    const whole = join(folder, 'all.sql')
    writeFileSync(whole, texts.join(''))

    const fresh = (work: (url: string) => Promise<void>) => async (): Promise<number> => {
      const database = await server.createDatabase()
      const started = performance.now()
      await work(database.url)
      const time = performance.now() - started
      await database.drop()
      return time
    }
    const psql = fresh(async (url) => {
      const args = ['-X', '-q', '-1', '-v', 'ON_ERROR_STOP=1', '-d', url, '-f', whole]
      const { status, stderr, error } = spawnSync('psql', args, { encoding: 'utf8' })
      if (error !== undefined) throw new Error(`psql is needed for this comparison: ${error.message}`)
      if (status !== 0) throw new Error(stderr)
    })
    const own = (transaction: 'each' | 'all') =>
      fresh(async (url) => {
        const { migrations } = await migrate({ url, locations, transaction })
        if (migrations.length !== count) throw new Error(`${migrations.length} migrations were applied`)
      })
    console.log(`\n${count} small migrations, ${rounds} rounds`)
    const times = await interleave(
      [
        { name: 'psql -1, one concatenated file', run: psql },
        { name: "migrate(), transaction: 'each'", run: own('each') },
        { name: "migrate(), transaction: 'all'", run: own('all') },
        { name: 'psql -1, one concatenated file (same again)', run: psql },
      ],
      rounds,
    )
    const base = 'psql -1, one concatenated file'
    return report(times, [
      { name: 'same against same', ratios: ratios(times, `${base} (same again)`, base), limit: null },
      { name: 'each / psql -1', ratios: ratios(times, "migrate(), transaction: 'each'", base), limit: 1.3 },
      { name: 'all / psql -1', ratios: ratios(times, "migrate(), transaction: 'all'", base), limit: 1.0 },
    ])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
