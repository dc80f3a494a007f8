import type { Config } from '../config/read-options.js'
import { SchemawayError } from '../errors/schemaway-error.js'
import { isBaselineRow, isMigrationRow } from '../history/history-row.js'
import { type LedgerRow, noUndo } from '../history/ledger-entry.js'
import type { MigrationStatus } from '../history/migration-state.js'
import type { Module } from '../modules/define-module.js'
import { locationsModule } from '../modules/select-modules.js'
import { indexDependents } from './dependent-modules.js'
import { selectedNames } from './load-scripts.js'
import type { LedgerDraft } from './plan.js'

/** A schema to be cleaned. */
export interface SchemaToClean {
  readonly name: string
  /** Whether the schema itself goes: not the one where history and ledger are, and not `public`. */
  readonly isDropped: boolean
}

/** What a clean takes away. */
export interface CleanPlan {
  /** The modules whose things go, with the schemas they own; the name `''` stands for `locations`. */
  readonly modules: readonly { readonly name: string; readonly schemas: readonly string[] }[]
  readonly schemas: readonly SchemaToClean[]
  /** Ranks of the history rows that go; `table` when nothing is left that history would speak of. */
  readonly history: 'table' | readonly number[]
}

export interface CleanInput {
  readonly config: Config
  /** Every module whose definition is known. */
  readonly modules: readonly Module[]
  /** History, without regard to files. */
  readonly statuses: readonly MigrationStatus[]
  readonly ledger: readonly LedgerRow[]
  /** Whether there is a history at all. */
  readonly hasHistory: boolean
}

/**
 * What belongs to the selected modules: their schemas, for `locations` what the history schema holds, and their rows of
 * history. A baseline of the whole database goes only when everything does that it may stand for.
 *
 * @throws SchemawayError `MODULE_REQUIRED` when an installed module that is not selected requires one of them, or when a
 *   link would be cut in half; `CLEAN_REFUSED` when something installed that is not selected lives in one of their schemas.
 */
export function planClean({ config, modules, statuses, ledger, hasHistory }: CleanInput): CleanPlan {
  const { selection, historySchema } = config
  const selected = selectedNames(selection)
  const installed = new Set(statuses.filter(isInstalled).map(({ module }) => module))
  refuseRequired(selected, installed, modules, ledger)
  refuseHalfLinks(selection.modules, selected, installed)
  const cleaned = [...selected].map((name) => ({
    name,
    schemas: selection.modules.find((module) => module.name === name)?.schemas ?? [historySchema],
  }))
  const all = [...new Set(cleaned.flatMap((module) => module.schemas))]
  const staying = [...installed].filter((name) => !selected.has(name))
  const homes = new Map(modules.map(({ name, schemas }) => [name, schemas])).set(locationsModule, [historySchema])
  refuseShared(all, staying, homes)
  const goes = (status: MigrationStatus): boolean =>
    isBaseline(status) ? isCovered(status, { ledger, selected, schemas: all }) : selected.has(status.module)
  const isAlone =
    [...installed].every((module) => selected.has(module)) &&
    statuses.filter(isBaseline).every((status) => goes(status))
  const ranks = statuses.flatMap((status) => (status.row !== null && goes(status) ? [status.row.installedRank] : []))
  return {
    modules: cleaned,
    schemas: all.map((name) => ({ name, isDropped: name !== historySchema && name !== 'public' })),
    history: hasHistory && isAlone ? 'table' : ranks,
  }
}

/** A baseline that was not said of one module. */
function isBaseline({ row, module }: MigrationStatus): boolean {
  return row !== null && isBaselineRow(row) && module === ''
}

/**
 * Whether everything goes that a baseline may stand for. The ledger says which schemas were meant; of one that it does not
 * know, what the history schema holds.
 */
function isCovered(
  { row }: MigrationStatus,
  cleaned: {
    readonly ledger: readonly LedgerRow[]
    readonly selected: ReadonlySet<string>
    readonly schemas: readonly string[]
  },
): boolean {
  const entry = cleaned.ledger.findLast(
    ({ event, installedRank }) => event === 'baselined' && installedRank === row?.installedRank,
  )
  const { schemas } = JSON.parse(entry?.details ?? '{}') as { readonly schemas?: readonly string[] }
  return schemas?.every((schema) => cleaned.schemas.includes(schema)) ?? cleaned.selected.has(locationsModule)
}

/** A baseline of no module says nothing about what is there. */
function isInstalled({ row, state, module }: MigrationStatus): boolean {
  if (row === null || state === 'Deleted' || state === 'Undone') return false
  return isMigrationRow(row) || (isBaselineRow(row) && module !== '')
}

function refuseRequired(
  selected: ReadonlySet<string>,
  installed: ReadonlySet<string>,
  modules: readonly Module[],
  ledger: readonly LedgerRow[],
): void {
  const dependents = indexDependents(modules, ledger)
  for (const name of selected) {
    const blocking = dependents(name).filter((module) => installed.has(module) && !selected.has(module))
    if (blocking.length === 0) continue
    throw new SchemawayError(
      'MODULE_REQUIRED',
      `Module ${name} cannot be cleaned: ${blocking.join(', ')} ${blocking.length === 1 ? 'requires' : 'require'} it and ` +
        `would stay. Clean them together: modules: [${[name, ...blocking].map((one) => `'${one}'`).join(', ')}]. ` +
        'Nothing was changed.',
      { details: { modules: [name, ...blocking] } },
    )
  }
}

/** What a link has made lies in the schemas of both its ends, so it goes with both of them, or by its undo scripts. */
function refuseHalfLinks(
  chosen: readonly Module[],
  selected: ReadonlySet<string>,
  installed: ReadonlySet<string>,
): void {
  for (const { name, requires, schemas } of chosen) {
    const staying = requires.filter((one) => !selected.has(one))
    if (schemas.length > 0 || staying.length === 0 || !installed.has(name)) continue
    throw new SchemawayError(
      'MODULE_REQUIRED',
      `Link ${name} has objects in the schema of ${staying.join(' and ')}, which would stay. Take the link away first: ` +
        `rollback({ modules: ['${name}'], to: 'empty' }). Nothing was changed.`,
      { details: { modules: [name, ...staying] } },
    )
  }
}

/**
 * Who made what is in a schema the catalogue does not tell, so a schema goes only with everybody who lives there.
 *
 * @param homes the schemas of modules, as far as they are known.
 */
function refuseShared(
  schemas: readonly string[],
  staying: readonly string[],
  homes: ReadonlyMap<string, readonly string[]>,
): void {
  const shared = schemas.flatMap((schema) => {
    const residents = staying.filter((name) => homes.get(name)?.includes(schema))
    return residents.length === 0 ? [] : [{ schema, residents }]
  })
  if (shared.length === 0) return
  const modules = [...new Set(shared.flatMap(({ residents }) => residents))]
  const places = shared.map(({ schema, residents }) => `schema ${schema}, where ${listResidents(residents)} too`)
  throw new SchemawayError(
    'CLEAN_REFUSED',
    `This clean would drop everything in ${places.join('; and in ')}. Clean them together, by selecting ` +
      `${modules.map(nameResident).join(' and ')} as well, or take away by rollback() what was selected. Nothing was changed.`,
    { details: { objects: shared.map(({ schema }) => `schema ${schema}`), modules } },
  )
}

function listResidents(names: readonly string[]): string {
  return `${names.map(nameResident).join(' and ')} ${names.length === 1 && names[0] !== locationsModule ? 'lives' : 'live'}`
}

function nameResident(name: string): string {
  return name === locationsModule ? 'the migrations of `locations`' : `module ${name}`
}

/**
 * What the ledger says of one module.
 *
 * @param facts.objects names of what was dropped in its schemas.
 * @param facts.historyRows rows that went, of all modules that were cleaned.
 */
export function describeClean(
  module: string,
  facts: { readonly schemas: readonly string[]; readonly objects: readonly string[]; readonly historyRows: number },
): LedgerDraft {
  return {
    event: 'cleaned',
    module,
    moduleRequires: [],
    kind: 'module',
    version: null,
    description: 'clean',
    script: '',
    installedRank: null,
    checksum: null,
    sha256: null,
    ...noUndo,
    error: null,
    details: JSON.stringify(facts),
  }
}
