import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { TestServer } from '../../lib/testing/index.js'
import { interleave, ratios, report } from './measure.js'

const migrateModule = new URL('../../dist/index.js', import.meta.url).href
const driverModule = import.meta.resolve('postgres')

const programs = {
  'process: postgres.js, select 1': `
    import postgres from ${JSON.stringify(driverModule)}
    const sql = postgres(process.env.BENCH_URL, { max: 1 })
    await sql\`select 1\`
    await sql.end()`,
  'process: migrate() with nothing to do': `
    import { migrate } from ${JSON.stringify(migrateModule)}
    const { migrations } = await migrate({ url: process.env.BENCH_URL, modules: ['iam'] })
    if (migrations.length > 0) throw new Error('something was pending')`,
}

/** Whole-process cost of a start that finds nothing to do, against one that only asks the database for a 1. */
export async function benchStartUp(server: TestServer, rounds: number): Promise<boolean> {
  const { migrate } = (await import(migrateModule)) as typeof import('../../lib/index.js')
  const database = await server.createDatabase()
  await migrate({ url: database.url, modules: ['iam'] })
  const [base, own] = Object.keys(programs) as (keyof typeof programs)[]
  if (base === undefined || own === undefined) throw new Error('two programs are needed')
  const control = `${base} (same again)`
  const run = (program: string) => async (): Promise<number> => {
    const started = performance.now()
    const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
      cwd: fileURLToPath(new URL('../..', import.meta.url)),
      env: { ...process.env, BENCH_URL: database.url },
      encoding: 'utf8',
    })
    if (status !== 0) throw new Error(stderr)
    return performance.now() - started
  }
  console.log(`\nStart with nothing to do, ${rounds} rounds`)
  const times = await interleave(
    [
      { name: base, run: run(programs[base]) },
      { name: own, run: run(programs[own]) },
      { name: control, run: run(programs[base]) },
    ],
    rounds,
  )
  await database.drop()
  return report(times, [
    { name: 'same against same', ratios: ratios(times, control, base), limit: null },
    { name: 'nothing to do / select 1', ratios: ratios(times, own, base), limit: 1.3 },
  ])
}
