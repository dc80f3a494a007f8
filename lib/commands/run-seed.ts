import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { explainOptions } from '../config/explain-options.js'
import type { SeedOptions } from '../config/options.js'
import type { Config } from '../config/read-options.js'
import { SchemawayError } from '../errors/schemaway-error.js'
import type { DatabaseState } from '../history/history-row.js'
import { bundledModules } from '../modules/bundled.js'
import type { Module } from '../modules/define-module.js'
import { compareWithRequirements, refuseProblems } from '../plan/compare.js'
import { loadScripts } from '../plan/load-scripts.js'
import { createPlanContext } from '../plan/plan-context.js'
import { openRun, type Run } from '../run/open-run.js'
import { refuseUnsuitableServer } from '../run/prepare-history.js'
import { readState } from '../run/read-state.js'
import { runSeeds, type SeedScript } from '../run/run-seeds.js'
import { translateError } from '../run/translate-error.js'
import type { ScriptFile } from '../scripts/script-file.js'
import type { SeedReport } from './report.js'

/** A file of seeds, and the module whose tables it fills. */
interface SeedFile {
  readonly module: string
  readonly name: string
  readonly path: string
}

const seedFileName = /^\d{3}_([a-z][a-z0-9_]*)\.sql$/
const appliedStates: ReadonlySet<string> = new Set(['Success', 'Out of Order'])

/** The part of seed() that is loaded only when it is called. */
export async function runSeed(config: Config, options: SeedOptions, started: number): Promise<SeedReport> {
  explainOptions('seed', options)
  const { set } = options
  const modules = chooseModules(config, options)
  const seeds = findSeedFiles(set)
  const files = await loadScripts({ modules, locations: [] }, config)
  const run = await openRun(config)
  try {
    const { state } = await readState(run.session, run.place, config.roles.owner)
    refuseUnsuitableServer(run.session, state)
    run.login = state.sessionUser
    const isChosen = options.modules !== undefined
    const ready = await findReadyModules(run, { modules, files, state, seeds, isChosen })
    const context = createPlanContext(config, modules, state)
    const scripts = seeds
      .filter((seed) => ready.has(seed.module))
      .map((seed): SeedScript => {
        const file = asScriptFile(seed, set)
        return { file, parsed: context.parse(file) }
      })
    const results = await runSeeds(run, scripts)
    const milliseconds = Math.round(performance.now() - started)
    run.emit({ type: 'finished', run: run.id, milliseconds })
    return { command: 'seed', server: run.session.display, set, files: results, lock: run.reportedLock, milliseconds }
  } catch (error) {
    throw translateError(error, 'seeding', run.session.display)
  } finally {
    await run.close()
  }
}

/** Only the bundled modules have seeds. */
function chooseModules({ selection }: Config, options: SeedOptions): readonly Module[] {
  if (options.modules === undefined) return bundledModules()
  const chosen = selection.modules.filter((module) => module.isBundled)
  if (chosen.length > 0) return chosen
  throw new SchemawayError(
    'INVALID_OPTIONS',
    'The options cannot be used: no bundled module is selected by `modules`, and only bundled modules have seeds. Add one, ' +
      'or leave `modules` out to seed every installed one.',
    { details: { option: 'modules' } },
  )
}

/** The files of a set, in order. They lie beside the modules, in a folder that no module is. */
function findSeedFiles(set: SeedOptions['set']): readonly SeedFile[] {
  const [first] = bundledModules()
  const directory = join(dirname(first?.directory ?? ''), 'seed', set)
  const names = existsSync(directory) ? readdirSync(directory).toSorted() : []
  const seeds = names.flatMap((name) => {
    const [, module] = seedFileName.exec(name) ?? []
    return module === undefined ? [] : [{ module, name, path: join(directory, name) }]
  })
  if (seeds.length > 0) return seeds
  throw new SchemawayError(
    'BUNDLED_SQL_MISSING',
    `The seeds are not there: ${directory} holds no files. Copy the whole folder "sql" of the schemaway package beside the bundle.`,
    { details: { directory } },
  )
}

/**
 * The modules whose seeds can run: those that are installed, or, when the caller names modules, just these.
 *
 * @throws SchemawayError `PENDING_MIGRATIONS` when one of them, or iam, is not completely installed; `VALIDATION_FAILED`.
 */
async function findReadyModules(
  run: Run,
  {
    modules,
    files,
    state,
    seeds,
    isChosen,
  }: {
    readonly modules: readonly Module[]
    readonly files: readonly ScriptFile[]
    readonly state: DatabaseState
    readonly seeds: readonly SeedFile[]
    readonly isChosen: boolean
  },
): Promise<ReadonlySet<string>> {
  const config: Config = { ...run.config, selection: { ...run.config.selection, modules, locations: [] } }
  const { statuses, pending, problems } = await compareWithRequirements(config, files, state)
  refuseProblems(problems)
  const installed = new Set(
    statuses.filter((one) => one.version !== null && appliedStates.has(one.state)).map((one) => one.module),
  )
  const seeded = seeds.map(({ module }) => module).filter((name) => modules.some((module) => module.name === name))
  const wanted = new Set(['iam', ...(isChosen ? seeded : seeded.filter((name) => installed.has(name)))])
  const missing = pending.filter(({ module }) => wanted.has(module)).map(({ script }) => script)
  const absent = [...wanted].filter((name) => !installed.has(name))
  if (missing.length === 0 && absent.length === 0) return wanted
  const server = run.session.display
  const what =
    absent.length > 0
      ? `${absent.join(', ')} ${absent.length === 1 ? 'is' : 'are'} not installed in ${server}`
      : `${server} is not migrated: ${missing.slice(0, 5).join(', ')}${missing.length > 5 ? ', ...' : ''} pending`
  throw new SchemawayError(
    'PENDING_MIGRATIONS',
    `${what}, so there is nothing that seeds could fill. Run migrate() first. Nothing was changed.`,
    { details: { server, pending: missing, modules: [...wanted] } },
  )
}

function asScriptFile({ module, name, path }: SeedFile, set: SeedOptions['set']): ScriptFile {
  return {
    kind: 'repeatable',
    module,
    script: `seed/${set}/${name}`,
    file: path,
    version: null,
    description: `${set} data of ${module}`,
    bytes: readFileSync(path),
    checksum: 0,
  }
}
