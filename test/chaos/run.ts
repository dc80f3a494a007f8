/**
 * Injects faults into migrate() and rollback(), and looks whether the next migrate() makes everything whole.
 *
 *   npm run test:chaos                                  2,000 faults of all kinds
 *   npm run test:chaos -- --faults 300 --seed 7         so many that strike, drawn with this seed
 *   npm run test:chaos -- --kinds cut,freeze            of these kinds only
 *   npm run test:chaos -- --seed 7 --only 123           one fault again
 *   npm run test:chaos -- --fault '{"kind":...}'        one fault again, exactly, as it was printed
 *   npm run test:chaos -- --workers 4                   so many servers, each with a process; default: one a processor
 *
 * Faults that do not strike, since the conversation was over before, are replaced by others. It fails when one does harm, when fewer
 * strike than were asked for, or, in a run that is long enough, none of some kind.
 *
 * A full disk is a tmpfs, which only root may mount; where that is not allowed, this kind is left out, and the report says so. In CI that
 * is a failure.
 */
import { randomInt } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { tellMissing } from '../support/tell-missing.js'
import { type Fault, type FaultKind, faultKinds } from './fault.js'
import type { FaultResult } from './inject.js'
import { describeHarm, findMissingKinds, findShortcomings, isHarm, writeReport } from './report.js'
import { type TaskSource, WorkerPool } from './worker-pool.js'

interface Wishes {
  readonly faults: number
  readonly seed: number
  readonly kinds: readonly FaultKind[]
  readonly workers: number
  readonly only: number | null
  readonly fault: Fault | null
}

function readWishes(): Wishes {
  const { values } = parseArgs({
    options: {
      faults: { type: 'string', default: '2000' },
      seed: { type: 'string', default: String(randomInt(1_000_000)) },
      kinds: { type: 'string', default: faultKinds.join(',') },
      workers: { type: 'string', default: String(availableParallelism()) },
      only: { type: 'string' },
      fault: { type: 'string' },
    },
  })
  const kinds = values.kinds.split(',').map((name) => {
    const kind = faultKinds.find((one) => one === name.trim())
    if (kind === undefined) throw new Error(`There is no kind of fault "${name}". Kinds: ${faultKinds.join(', ')}`)
    return kind
  })
  const number = (name: string, text: string): number => {
    const value = Number(text)
    if (!Number.isSafeInteger(value) || value < 0) throw new Error(`--${name} takes a whole number, not "${text}".`)
    return value
  }
  const fault = values.fault === undefined ? null : (JSON.parse(values.fault) as Fault)
  return {
    faults: number('faults', values.faults),
    seed: number('seed', values.seed),
    kinds,
    workers: Math.max(1, number('workers', values.workers)),
    only: values.only === undefined ? null : number('only', values.only),
    fault,
  }
}

/** Hands out numbers until enough faults have struck. */
function createSource(wishes: Wishes, kinds: () => readonly FaultKind[], results: readonly FaultResult[]): TaskSource {
  const { seed, faults, only, fault } = wishes
  let index = 0
  let underWay = 0
  return {
    next() {
      if (fault !== null || only !== null) {
        index += 1
        if (index > 1) return null
        return fault === null ? { seed, index: only ?? 0, kinds: kinds() } : { fault }
      }
      const struck = results.filter((result) => result.struck).length
      const isMissing = findMissingKinds(results, { faults, kinds: kinds() }).length > 0
      const isEnough = struck + underWay >= faults && !(isMissing && underWay === 0)
      if (isEnough || index >= faults * 2 + 100) return null
      underWay += 1
      index += 1
      return { seed, index: index - 1, kinds: kinds() }
    },
    done() {
      underWay -= 1
    },
  }
}

async function run(wishes: Wishes): Promise<boolean> {
  const { seed, workers } = wishes
  const isOne = wishes.only !== null || wishes.fault !== null
  console.log(`seed ${seed}${isOne ? '' : `, ${wishes.faults} faults`}`)
  const results: FaultResult[] = []
  const started = performance.now()
  let kinds = wishes.kinds
  let reported = started
  const pool = await WorkerPool.start(isOne ? 1 : workers)
  const { noSmallDisk, version } = pool
  if (noSmallDisk !== null && kinds.includes('disk-full')) {
    console.log(`SKIPPED: disk-full, since ${tellMissing(noSmallDisk)}`)
    kinds = kinds.filter((kind) => kind !== 'disk-full')
  }
  console.log(`PostgreSQL ${version}, ready after ${Math.round(performance.now() - started)} ms`)
  const broken = await pool.work(
    createSource(wishes, () => kinds, results),
    (result) => {
      results.push(result)
      if (isHarm(result)) console.log(describeHarm(result, seed, kinds))
      else if (isOne) console.log(JSON.stringify(result))
      if (performance.now() - reported < 10_000) return
      reported = performance.now()
      const harm = results.filter(isHarm).length
      console.log(`${results.length} faults after ${Math.round((reported - started) / 1000)} s, ${harm} did harm`)
    },
  )
  await pool.stop()
  console.log(`\n${writeReport(results, kinds)}`)
  const seconds = (performance.now() - started) / 1000
  const harm = results.filter(isHarm).length
  console.log(
    `seed ${seed}: ${results.length} faults in ${seconds.toFixed(0)} s (${(results.length / seconds).toFixed(1)} a second), ` +
      `${harm} did harm, ${broken} could not be judged`,
  )
  const shortcomings = isOne ? [] : findShortcomings(results, { faults: wishes.faults, kinds })
  for (const one of shortcomings) console.log(`FAILED: ${one}`)
  return harm === 0 && broken === 0 && shortcomings.length === 0 && results.length > 0
}

async function main(): Promise<void> {
  process.exitCode = (await run(readWishes())) ? 0 : 1
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error)
  // The other workers end with us.
  process.exit(1)
})
