import { aroundClean, aroundCommand } from '../callbacks/around-command.js'
import { loadCallbacks } from '../callbacks/load-callbacks.js'
import { explainOptions } from '../config/explain-options.js'
import type { CleanOptions } from '../config/options.js'
import type { Config } from '../config/read-options.js'
import { SchemawayError } from '../errors/schemaway-error.js'
import { type HistoryPlace, placeHistory } from '../history/history-row.js'
import type { LedgerRow } from '../history/ledger-entry.js'
import { readLedgerSql } from '../history/ledger-table.js'
import type { MigrationStatus } from '../history/migration-state.js'
import { bundled } from '../modules/bundled.js'
import type { Module } from '../modules/define-module.js'
import { compare } from '../plan/compare.js'
import { type CleanPlan, planClean } from '../plan/plan-clean.js'
import { cleanSchemas, previewClean } from '../run/clean-schemas.js'
import type { SchemaObject } from '../run/list-objects.js'
import { openRun, type Run } from '../run/open-run.js'
import { readHistory, readLedger } from '../run/prepare-history.js'
import { ServerError } from '../run/server-error.js'
import type { Session } from '../run/session.js'
import { readModules, startLooking } from './look.js'
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
    const history = await readHistory(run)
    const { hasHistory, hasLedger } = history
    const ledger = hasLedger ? await readLedger(run) : []
    // Files say nothing about what is there.
    const { statuses } = compare(config, [], history.state, history.modulesByScript)
    const plan = planClean({ config, statuses, modules: knownModules(config), ledger, hasHistory })
    const tables = hasLedger ? 'both' : hasHistory ? 'history' : 'none'
    const facts = { historyRows: countRows(plan, statuses), tables } as const
    const { objects, historyRows } = await cleanSchemas(run, plan, facts)
    // A lock that is a row is gone with its table.
    if (run.lock?.strategy !== 'table' || plan.history !== 'table') await run.checkLock(null)
    return describe(config, { server: run.session.display, run, plan, objects, historyRows, started })
  }
  try {
    const report = await aroundCommand(run, callbacks, aroundClean, work)
    run.emit({ type: 'finished', run: run.id, milliseconds: report.milliseconds })
    return report
  } finally {
    await run.close()
  }
}

/** Looks only. */
async function preview(config: Config, started: number): Promise<CleanReport> {
  const found = await startLooking({ ...config, selection: { modules: [], locations: [] } })
  try {
    const { statuses } = compare(config, [], found.state, await readModules(found.session, config))
    const place = placeHistory(config)
    const ledger = await readLedgerIfThere(found.session, place)
    const hasHistory = found.state.rows !== null
    const plan = planClean({ config, statuses, modules: knownModules(config), ledger, hasHistory })
    const objects = await previewClean(found.session, plan, place)
    const historyRows = countRows(plan, statuses)
    return describe(config, { server: found.server, run: null, plan, objects, historyRows, started })
  } finally {
    await found.session.close()
  }
}

/** None where there is no ledger, or the login may not read it. */
async function readLedgerIfThere(session: Session, place: HistoryPlace): Promise<readonly LedgerRow[]> {
  try {
    const [row] = await session.query<{ rows: string }>(readLedgerSql(place))
    return JSON.parse(row?.rows ?? '[]') as LedgerRow[]
  } catch (error) {
    if (error instanceof ServerError) return []
    throw error
  }
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
  config: Config,
  facts: {
    readonly server: string
    readonly run: Run | null
    readonly plan: CleanPlan
    readonly objects: readonly SchemaObject[]
    readonly historyRows: number
    readonly started: number
  },
): CleanReport {
  return {
    command: 'clean',
    server: facts.server,
    run: facts.run?.id ?? null,
    preview: config.preview,
    modules: facts.plan.modules.map(({ name }) => name),
    schemas: facts.plan.schemas.map(({ name }) => name),
    dropped: facts.objects.map(({ schema, kind, name }) => ({ schema, kind, name })),
    historyRows: facts.historyRows,
    lock: facts.run?.reportedLock ?? null,
    milliseconds: Math.round(performance.now() - facts.started),
  }
}
