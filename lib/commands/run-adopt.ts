import { explainOptions } from '../config/explain-options.js'
import type { AdoptOptions } from '../config/options.js'
import type { Config } from '../config/read-options.js'
import type { DatabaseState } from '../history/history-row.js'
import { type AdoptedFile, findAdopted } from '../plan/find-adopted.js'
import { loadScripts } from '../plan/load-scripts.js'
import type { PlanStep } from '../plan/plan.js'
import { recordOf } from '../plan/plan-adoption.js'
import { createPlanContext } from '../plan/plan-context.js'
import { planAdopt, referenceOf } from '../plan/plan-migrate.js'
import { indexUndoFiles } from '../plan/undo-source.js'
import { createEmit } from '../run/emit.js'
import { openRun, type Run } from '../run/open-run.js'
import { prepareHistory } from '../run/prepare-history.js'
import { type Asking, readForeignRecord, refuseAdoption } from '../run/read-foreign-record.js'
import { tellUnusableUndo } from '../run/tell-unusable-undo.js'
import { translateError } from '../run/translate-error.js'
import type { ScriptFile } from '../scripts/script-file.js'
import { compareVersions } from '../scripts/version.js'
import { startLooking } from './look.js'
import type { AdoptReport } from './report.js'

/** What is taken over, and what is left to migrate(). */
interface Adoption {
  readonly adopted: readonly AdoptedFile[]
  readonly steps: readonly PlanStep[]
  readonly pending: readonly string[]
}

/** The part of adopt() that is loaded only when it is called. */
export async function runAdopt(config: Config, options: AdoptOptions, started: number): Promise<AdoptReport> {
  explainOptions('adopt', options)
  return config.preview ? await preview(config, started) : await adopt(config, started)
}

/** Looks and plans, so that it is refused wherever the adoption would be. Takes no lock. */
async function preview(config: Config, started: number): Promise<AdoptReport> {
  const { session, state, files, server } = await startLooking(config)
  try {
    const adoption = await planAdoption({ session, config }, { files, state, firstRank: 1 })
    tellUnusableUndo(createEmit(config), adoption.steps)
    return describe(adoption, { server, run: null, started })
  } catch (error) {
    throw translateError(error, 'looking at what another tool applied', server)
  } finally {
    await session.close()
  }
}

/** History with its rows, and the ledger, are one transaction: rows that are missing would be run by the next migrate(). */
async function adopt(config: Config, started: number): Promise<AdoptReport> {
  const files = await loadScripts(config.selection, config)
  const run = await openRun(config)
  try {
    let adoption: Adoption = { adopted: [], steps: [], pending: [] }
    await prepareHistory(run, async ({ state, firstRank }) => {
      adoption = await planAdoption(run, { files, state, firstRank })
      return recordOf(
        adoption.steps,
        adoption.adopted.map(({ appliedOn }) => appliedOn),
      )
    })
    tellUnusableUndo(run.emit, adoption.steps)
    const report = describe(adoption, { server: run.session.display, run, started })
    run.emit({ type: 'finished', run: run.id, milliseconds: report.milliseconds })
    return report
  } catch (error) {
    throw translateError(error, 'writing what another tool applied', run.session.display)
  } finally {
    await run.close()
  }
}

/** @throws SchemawayError `ADOPTION_REFUSED`, `MISSING_PRIVILEGE`; about files as `migrate()`. */
async function planAdoption(
  asking: Asking,
  found: { readonly files: readonly ScriptFile[]; readonly state: DatabaseState; readonly firstRank: number },
): Promise<Adoption> {
  const { config } = asking
  const { state, firstRank } = found
  refuseUsedHistory(asking, state)
  const bundled = new Set(config.selection.modules.filter(({ isBundled }) => isBundled).map(({ name }) => name))
  const files = found.files.filter(({ module }) => !bundled.has(module))
  const { adopted, problems } = findAdopted(await readForeignRecord(asking, state.sessionUser), files)
  if (problems.length > 0) throw refuseAdoption(asking, problems)
  const context = createPlanContext(config, config.selection.modules, state)
  const undoFiles = indexUndoFiles(files)
  const steps = adopted.map(({ file }, index) =>
    planAdopt(file, { rank: firstRank + index, undo: undoFiles.find(file), context }),
  )
  return { adopted, steps, pending: pendingAfter(files, adopted) }
}

/** Only a row about the schema of the history itself may be there. */
function refuseUsedHistory(asking: Asking, { rows }: DatabaseState): void {
  const count = (rows ?? []).filter(({ type }) => type !== 'SCHEMA').length
  if (count === 0) return
  const { historySchema, table } = asking.config
  const message =
    `${historySchema}.${table} is a history already, with ${count} ${count === 1 ? 'row' : 'rows'}; go on with migrate(), or, if ` +
    'another database was meant, correct the URL, or choose another `table`'
  throw refuseAdoption(asking, [{ kind: 'HISTORY_NOT_EMPTY', message }])
}

/** What the next migrate() finds: versions in order, then repeatables. */
function pendingAfter(files: readonly ScriptFile[], adopted: readonly AdoptedFile[]): readonly string[] {
  const done = new Set(adopted.map(({ file }) => file))
  const open = files.filter((file) => !done.has(file) && (file.kind === 'versioned' || file.kind === 'repeatable'))
  return open.toSorted(byOrderOfRunning).map(({ script }) => script)
}

function byOrderOfRunning(one: ScriptFile, other: ScriptFile): number {
  if (one.version !== null && other.version !== null) return compareVersions(one.version, other.version)
  if (one.version !== null || other.version !== null) return one.version === null ? 1 : -1
  return one.description < other.description ? -1 : 1
}

function describe(
  { adopted, pending }: Adoption,
  facts: { readonly server: string; readonly run: Run | null; readonly started: number },
): AdoptReport {
  return {
    command: 'adopt',
    server: facts.server,
    run: facts.run?.id ?? null,
    preview: facts.run === null,
    adopted: adopted.map(({ file }) => referenceOf(file)),
    pending,
    lock: facts.run?.reportedLock ?? null,
    milliseconds: Math.round(performance.now() - facts.started),
  }
}
