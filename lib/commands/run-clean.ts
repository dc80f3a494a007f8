import { aroundClean, aroundCommand } from '../callbacks/around-command.js'
import { loadCallbacks } from '../callbacks/load-callbacks.js'
import { explainOptions } from '../config/explain-options.js'
import type { CleanOptions } from '../config/options.js'
import type { Config } from '../config/read-options.js'
import { SchemawayError } from '../errors/schemaway-error.js'
import type { MigrationStatus } from '../history/migration-state.js'
import { bundled } from '../modules/bundled.js'
import type { Module } from '../modules/define-module.js'
import { compare } from '../plan/compare.js'
import { type CleanPlan, planClean } from '../plan/plan-clean.js'
import { type CleanFacts, cleanSchemas, previewClean } from '../run/clean-schemas.js'
import type { SchemaObject } from '../run/list-objects.js'
import { openRun, openWithoutLock, type Run } from '../run/open-run.js'
import { lookAtHistory, type PreparedHistory, readHistory } from '../run/prepare-history.js'
import { readLedger } from '../run/read-ledger.js'
import { translateError } from '../run/translate-error.js'
import { whileListening } from './look.js'
import type { CleanReport } from './report.js'

/** The part of clean() that is loaded only when it is called. */
export async function runClean(config: Config, options: CleanOptions, started: number): Promise<CleanReport> {
  explainOptions('clean', options)
  if (config.cleanDisabled && !config.preview) {
    throw new SchemawayError(
      'CLEAN_DISABLED',
      'clean() drops everything that the selected modules own, with all rows, so it does nothing unless it is called with ' +
        '`cleanDisabled: false`. With `preview: true` it tells what would go. Nothing was changed.',
      { details: { option: 'cleanDisabled' } },
    )
  }
  return config.preview ? await preview(config, started) : await clean(config, started)
}

async function clean(config: Config, started: number): Promise<CleanReport> {
  const callbacks = await loadCallbacks(config)
  const run = await openRun(config)
  const work = async (): Promise<CleanReport> => {
    const planned = await planFrom(run, await readHistory(run))
    const objects = await cleanSchemas(run, planned.plan, planned)
    // A lock that is a row is gone with its table.
    const isDropped = run.lock?.strategy === 'table' && planned.plan.history === 'table' && !(await run.holdsLock())
    if (isDropped) run.lock?.forget?.()
    else await run.checkLock(null)
    return describe(run, planned, { objects, started })
  }
  try {
    const report = await aroundCommand(run, callbacks, aroundClean, work)
    run.emit({ type: 'finished', run: run.id, milliseconds: report.milliseconds })
    return report
  } catch (error) {
    throw translateError(error, 'cleaning', run.session.display)
  } finally {
    await run.close()
  }
}

/** Looks only. */
async function preview(config: Config, started: number): Promise<CleanReport> {
  const run = await openWithoutLock(config)
  try {
    return await whileListening(config, run.session, 'looking at what a clean would drop', async () => {
      const planned = await planFrom(run, await lookAtHistory(run))
      return describe(run, planned, { objects: await previewClean(run, planned.plan), started })
    })
  } finally {
    await run.close()
  }
}

interface PlannedClean extends CleanFacts {
  readonly plan: CleanPlan
}

async function planFrom(run: Run, history: PreparedHistory): Promise<PlannedClean> {
  const { config } = run
  const { hasHistory, hasLedger } = history
  const ledger = hasLedger ? await readLedger(run) : []
  // Files say nothing about what is there.
  const { statuses } = compare(config, [], history.state, history.modulesByScript)
  const plan = planClean({ config, statuses, modules: knownModules(config), ledger, hasHistory })
  const tables = hasLedger ? 'both' : hasHistory ? 'history' : 'none'
  return { plan, historyRows: countRows(plan, statuses), tables }
}

function knownModules({ selection }: Config): readonly Module[] {
  // Their files may be elsewhere, and are not needed.
  const others = bundled
    .filter(({ name }) => !selection.modules.some((module) => module.name === name))
    .map((manifest) => ({ ...manifest, directory: '', isBundled: true }))
  return [...selection.modules, ...others]
}

function countRows({ history }: CleanPlan, statuses: readonly MigrationStatus[]): number {
  return typeof history === 'string' ? statuses.filter(({ row }) => row !== null).length : history.length
}

function describe(
  { config, id, session, reportedLock }: Run,
  { plan, historyRows }: PlannedClean,
  facts: { readonly objects: readonly SchemaObject[]; readonly started: number },
): CleanReport {
  return {
    command: 'clean',
    server: session.display,
    run: config.preview ? null : id,
    preview: config.preview,
    modules: plan.modules.map(({ name }) => name),
    schemas: plan.schemas.map(({ name }) => name),
    dropped: facts.objects.map(({ schema, kind, name }) => ({ schema, kind, name })),
    historyRows,
    lock: reportedLock,
    milliseconds: Math.round(performance.now() - facts.started),
  }
}
