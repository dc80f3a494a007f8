import type { Config } from '../config/read-options.js'
import { SchemawayError } from '../errors/schemaway-error.js'
import { noUndo } from '../history/ledger-entry.js'
import { insertLedgerSql } from '../history/ledger-table.js'
import type { BegunUnit, UnfinishedScript } from '../history/script-progress.js'
import { locationsModule } from '../modules/select-modules.js'
import { selectedNames } from '../plan/load-scripts.js'
import type { LedgerDraft } from '../plan/plan.js'
import { untilSettled } from '../run/history-moved.js'
import { openRun, openWithoutLock, type Run } from '../run/open-run.js'
import { lookAtHistory, readHistory } from '../run/prepare-history.js'
import { readUnfinished } from '../run/prepare-units.js'
import { translateError } from '../run/translate-error.js'
import { compareVersions, parseVersion } from '../scripts/version.js'
import { whileListening } from './look.js'
import type { RepairReport, SettledScript } from './report.js'

type Settlement = SettledScript['unfinished']

/**
 * The part of repair() that says what became of scripts which stopped half-way outside a transaction. It writes into the
 * ledger alone; neither history nor anything of the scripts is touched. A preview takes no lock.
 *
 * @throws SchemawayError `VERSION_NOT_APPLIED` when a name is not that of such a script.
 */
export async function settleUnfinished(config: Config, unfinished: Settlement, started: number): Promise<RepairReport> {
  const { preview } = config
  const run = await (preview ? openWithoutLock(config) : openRun(config))
  try {
    const chosen = await untilSettled(async () => {
      const scripts = await whileListening(config, run.session, 'reading the ledger', async () => {
        const { hasLedger } = await (preview ? lookAtHistory(run) : readHistory(run))
        return chooseScripts(config, hasLedger ? await readUnfinished(run) : [], unfinished)
      })
      if (!preview) await write(run, scripts, unfinished)
      return scripts
    })
    const milliseconds = Math.round(performance.now() - started)
    if (!preview) run.emit({ type: 'finished', run: run.id, milliseconds })
    return {
      command: 'repair',
      server: run.session.display,
      run: preview ? null : run.id,
      preview,
      repairs: [],
      unfinished: chosen.map((script) => describe(script, unfinished)),
      lock: run.reportedLock,
      milliseconds,
    }
  } catch (error) {
    throw translateError(error, 'repairing the ledger', run.session.display)
  } finally {
    await run.close()
  }
}

function chooseScripts(
  config: Config,
  open: readonly UnfinishedScript[],
  unfinished: Settlement,
): readonly UnfinishedScript[] {
  const selected = selectedNames(config.selection)
  const own = open.filter(({ module }) => selected.has(module))
  const chosen = config.versions.map((name) => {
    const script = own.find((one) => isNamed(one, name))
    if (script === undefined || (unfinished !== 'restart' && script.progress.begun === null)) {
      throw refuse(name, script, { own, others: open.filter((one) => !own.includes(one)) })
    }
    return script
  })
  // Two names may be those of one script, of which one statement is completed and not two.
  return [...new Set(chosen)]
}

function refuse(
  name: string,
  script: UnfinishedScript | undefined,
  { own, others }: { readonly own: readonly UnfinishedScript[]; readonly others: readonly UnfinishedScript[] },
): SchemawayError {
  const names = own.map(({ version, description }) => version ?? description)
  const elsewhere = others.find((one) => isNamed(one, name))
  const message =
    script === undefined
      ? `\`versions\` names ${name}, which is no script of the selected modules that stopped half-way outside a transaction` +
        `${names.length === 0 ? ': there is none' : `; there is ${names.join(', ')}`}${elsewhere === undefined ? '' : `. ${notSelected(elsewhere)}`}`
      : `${script.script} stopped half-way, but no statement of it was under way outside a transaction when its run ended: what ` +
        "is done is known. migrate() goes on behind it; `unfinished: 'restart'` forgets it"
  return new SchemawayError('VERSION_NOT_APPLIED', `${message}. Nothing was changed.`, {
    details: { option: 'versions', version: name, ...(script !== undefined && { script: script.script }) },
  })
}

function notSelected({ script, module }: UnfinishedScript): string {
  return module === locationsModule
    ? `${script} is one, of \`locations\`, which are not selected: pass them`
    : `${script} is one, but its module ${module} is not selected: name it in \`modules\``
}

function isNamed({ version, description }: UnfinishedScript, name: string): boolean {
  if (version === null) return description === name
  const [own, named] = [parseVersion(version), parseVersion(name)]
  return own !== null && named !== null && compareVersions(own, named) === 0
}

function describe(
  { module, version, description, script, progress }: UnfinishedScript,
  unfinished: Settlement,
): SettledScript {
  const statement = progress.begun?.details?.statement ?? 1
  const nextStatement = unfinished === 'restart' ? 1 : unfinished === 'repeat' ? statement : statement + 1
  return { unfinished, script, module, version, description, nextStatement }
}

async function write(run: Run, scripts: readonly UnfinishedScript[], unfinished: Settlement): Promise<void> {
  const entries = scripts.map((script) => run.completeEntry(entryOf(script, unfinished)))
  const ledger = insertLedgerSql(run.place, entries, run.ledgerHash, null)
  try {
    await run.writeAsHistoryRole([ledger.sql])
  } catch (error) {
    throw translateError(error, 'writing the ledger', run.session.display)
  }
  run.ledgerHash = ledger.hash
}

/** A statement that counts as completed is recorded as any other is. */
function entryOf(script: UnfinishedScript, unfinished: Settlement): LedgerDraft {
  const { module, moduleRequires, kind, version, description, progress } = script
  const { begun } = progress
  const isCompleted = unfinished === 'completed'
  return {
    event: isCompleted ? 'progressed' : 'repaired',
    module,
    moduleRequires,
    kind,
    version,
    description,
    script: script.script,
    installedRank: null,
    checksum: null,
    sha256: isCompleted ? (begun?.sha256 ?? null) : null,
    ...noUndo,
    error: null,
    details: JSON.stringify({ ...(isCompleted && completedDetails(begun)), unfinished }),
  }
}

/** Without the hash of what was sent, which belongs to the run that sent it. */
function completedDetails(begun: BegunUnit | null): object {
  const { statement, of, line } = begun?.details ?? { statement: 1, of: 1, line: 1 }
  return { statement, of, line }
}
