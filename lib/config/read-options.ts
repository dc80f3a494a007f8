import type { Hooks } from '../callbacks/hooks.js'
import { defaultRoleNames, type RoleNames } from '../model/role-names.js'
import { type ModuleSelection, selectModules } from '../modules/select-modules.js'
import type { SharedScripts } from '../plan/shared-scripts.js'
import type { Encoding } from '../scripts/encodings.js'
import type { CommandName } from './command-names.js'
import type { OptionKind, OptionSpecification } from './option-kind.js'
import { type OptionName, optionTable } from './option-table.js'
import type {
  AdoptOptions,
  CleanOptions,
  ConnectionChoice,
  Logger,
  MaintainOptions,
  MigrateOptions,
  ReadingOptions,
  RepairOptions,
  Retention,
  RollbackOptions,
  SeedOptions,
  SharedOptions,
  ValidateFilesOptions,
  WaitOptions,
} from './options.js'

/** Options of one command after checking: complete, frozen, never checked again. */
export interface Config {
  readonly command: CommandName
  readonly connection: ConnectionChoice
  readonly selection: ModuleSelection
  readonly historySchema: string
  readonly table: string
  /** `schemaway_ledger` beside Flyway's default table, `<table>_ledger` beside any other. */
  readonly ledgerTable: string
  readonly roles: RoleNames
  /** Lower-case names to values. */
  readonly placeholders: ReadonlyMap<string, string>
  readonly transaction: 'each' | 'all'
  readonly outOfOrder: boolean
  readonly target: string
  /** Empty: everything. */
  readonly cherryPick: readonly string[]
  readonly validateOnMigrate: boolean
  readonly skipExecutingMigrations: boolean
  readonly ignoreMigrationPatterns: readonly string[]
  readonly baselineOnMigrate: boolean
  readonly baselineVersion: string
  readonly baselineDescription: string
  readonly cleanDisabled: boolean
  readonly preview: boolean
  /** Empty: all. */
  readonly versions: readonly string[]
  /** Of `repair()`; goes with `versions`. */
  readonly unfinished: RepairOptions['unfinished']
  /** Of `adopt()`; exactly one of it and `applied` is given. */
  readonly from: AdoptOptions['from']
  readonly applied: readonly string[] | undefined
  readonly fromTable: string | undefined
  readonly installedBy: string | undefined
  readonly requireUndo: boolean
  readonly mixed: boolean
  readonly placeholderReplacement: boolean
  readonly placeholderPrefix: string
  readonly placeholderSuffix: string
  readonly placeholderSeparator: string
  readonly encoding: Encoding
  readonly naming: NonNullable<ReadingOptions['naming']>
  readonly ignore: readonly string[]
  readonly failOnMissingLocations: boolean
  readonly applicationName: string
  readonly connectTimeout: number
  readonly connectRetries: number
  readonly waitForLock: number
  readonly lockStrategy: NonNullable<MigrateOptions['lockStrategy']>
  readonly lockTimeout: number
  readonly lockRetries: number
  readonly statementTimeout: number
  readonly partitionsAhead: number
  readonly retention: ReadonlyMap<string, Retention>
  /** Which seeds; set for `seed()` only. */
  readonly set: SeedOptions['set'] | undefined
  readonly organisationId: string | undefined
  readonly steps: number | undefined
  /** A version, or `empty`. */
  readonly to: string | undefined
  readonly run: 'last' | undefined
  readonly allowDataLoss: boolean
  readonly timeout: number
  readonly interval: number
  readonly signal: AbortSignal | undefined
  readonly logger: Logger
  readonly onEvent: SharedOptions['onEvent']
  readonly hooks: Hooks
  /** Whether anybody listens: a logger or an event listener was given. */
  readonly isObserved: boolean
  /** Set while several databases are migrated with the same scripts. */
  readonly shared?: SharedScripts
  /** Then also, of each server, whether its locks were found to keep others out. */
  readonly lockTests?: Map<string, Promise<boolean>>
}

/** Of whichever command. */
export type AnyOptions = MigrateOptions &
  RollbackOptions &
  WaitOptions &
  MaintainOptions &
  Partial<SeedOptions> &
  RepairOptions &
  ValidateFilesOptions &
  CleanOptions &
  AdoptOptions

export const roleKeys = ['owner', 'app', 'worker', 'readonly'] as const
/** It stands in identifiers and literals alike, so it must need no quotes. PostgreSQL reserves what is left out. */
export const plainRoleName = /^(?!pg_|(?:public|none)$)[a-z_][a-z0-9_]{0,62}$/
/** They may work on a part that others require. */
const removing: ReadonlySet<CommandName> = new Set(['rollback', 'undo', 'clean'])
/** They cannot do without an option of their own. */
const demanding: ReadonlySet<CommandName> = new Set(['seed', 'adopt'])
export const defaultLedger = 'schemaway_ledger'
export const longestRetention = 1_200
const noHooks: Hooks = Object.freeze({})

/** What cannot contradict anything, so that a start with no more than this loads nothing to look for contradictions. */
const plainOptions: ReadonlySet<string> = new Set<OptionName>([
  'url',
  'connection',
  'sql',
  'modules',
  'locations',
  'lockStrategy',
  'signal',
  'logger',
  'onEvent',
])

/**
 * Checks the options of one command and completes them.
 *
 * @throws SchemawayError `INVALID_OPTIONS`, `INVALID_MODULES`, `BUNDLED_SQL_MISSING`.
 */
export async function readOptions(command: CommandName, options: unknown): Promise<Config> {
  // A copy, so that what is used is what was checked, even if the caller goes on changing the original.
  const given = isObject(options) ? { ...options } : options
  if (findSuspectOption(command, given) !== null) {
    const { explainOptions } = await import('./explain-options.js')
    explainOptions(command, given)
  }
  return await completeOptions(command, given as AnyOptions)
}

/**
 * The fast check: name of the first option that is not certainly right, or null. It needs neither zod nor any other
 * module, since it runs at every start of a service. What it finds is judged, and explained, by the zod schema that is
 * built from the same table.
 */
export function findSuspectOption(command: CommandName, options: unknown): string | null {
  if (!isObject(options)) return '(argument)'
  for (const [name, value] of Object.entries(options)) {
    const specification: OptionSpecification | undefined = Object.hasOwn(optionTable, name)
      ? optionTable[name as OptionName]
      : undefined
    if (specification === undefined) return name
    if (specification.commands !== undefined && !specification.commands.includes(command)) return name
    if (value !== undefined && !matchesKind(specification.kind, value)) return name
  }
  return null
}

function matchesKind(kind: OptionKind, value: unknown): boolean {
  switch (kind.type) {
    case 'url':
      return isText(value) || value instanceof URL
    case 'connection':
    case 'logger':
      return isObject(value)
    case 'client':
      return typeof value === 'function' && 'options' in value
    case 'modules':
      return Array.isArray(value) && value.length > 0 && value.every((one) => isText(one) || isObject(one))
    case 'locations':
      return isLocation(value) || (Array.isArray(value) && value.length > 0 && value.every(isLocation))
    case 'list':
      return Array.isArray(value) && (kind.mayBeEmpty || value.length > 0) && value.every(isText)
    case 'texts':
      return isPlainObject(value) && Object.values(value).every(isStorable)
    case 'roles':
      return isPlainObject(value) && Object.entries(value).every(([key, name]) => isRole(key, name))
    case 'retention':
      return isPlainObject(value) && Object.values(value).every(isRetention)
    case 'signal':
      return value instanceof AbortSignal
    case 'listener':
      return typeof value === 'function'
    case 'hooks':
      // Any name is looked at when it is explained, so that a start without hooks loads no list of events.
      return isPlainObject(value) && Object.keys(value).length === 0
    case 'boolean':
      return typeof value === 'boolean'
    case 'identifier':
      return isText(value) && Buffer.byteLength(value) <= kind.longest
    case 'text':
      return isText(value)
    case 'integer':
      return Number.isSafeInteger(value) && Number(value) >= kind.minimum && Number(value) <= kind.maximum
    case 'choice':
      return typeof value === 'string' && kind.values.includes(value)
    case 'encoding':
      return typeof value === 'string' && kind.values.some((one) => one === value.toLowerCase())
    default:
      return kind satisfies never
  }
}

/** Whether a value can be sent to PostgreSQL as text: it has no NUL and no half of a surrogate pair. */
export function isStorable(value: unknown): value is string {
  // The same as \p{Surrogate}, but without the tables of Unicode, which every start would load for it.
  return typeof value === 'string' && !value.includes('\0') && !/[\ud800-\udfff]/u.test(value)
}

function isText(value: unknown): value is string {
  return value !== '' && isStorable(value)
}

function isLocation(value: unknown): boolean {
  return isText(value) || (value instanceof URL && value.protocol === 'file:')
}

function isRetention(value: unknown): boolean {
  if (!isPlainObject(value)) return false
  const { months, ...others } = value
  const isInRange = Number.isSafeInteger(months) && Number(months) >= 1 && Number(months) <= longestRetention
  return isInRange && Object.keys(others).length === 0
}

function isRole(key: string, name: unknown): boolean {
  return (
    roleKeys.some((one) => one === key) &&
    (name === undefined || (typeof name === 'string' && plainRoleName.test(name)))
  )
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof URL)
}

/** An object as `{}` writes it, of whatever realm: not a Map, whose entries would be overlooked. */
export function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (!isObject(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

async function completeOptions(command: CommandName, options: AnyOptions): Promise<Config> {
  const table = options.table ?? optionTable.table.default
  const ledgerTable = table === optionTable.table.default ? defaultLedger : `${table}_ledger`
  const roles = completeRoles(options.roles ?? {})
  const placeholders = Object.entries(options.placeholders ?? {})
  if (!isPlain(command, options)) {
    const { refuseContradictions } = await import('./refuse-contradictions.js')
    refuseContradictions(command, options, { table, ledgerTable, roles, placeholders })
  }
  return Object.freeze({
    command,
    connection: Object.freeze({ url: options.url, connection: options.connection, sql: options.sql }),
    selection: selectModules({ modules: options.modules, locations: options.locations }, !removing.has(command)),
    historySchema: options.historySchema ?? optionTable.historySchema.default,
    table,
    ledgerTable,
    roles,
    placeholders: new Map(placeholders.map(([name, value]) => [name.toLowerCase(), value])),
    transaction: options.transaction ?? optionTable.transaction.default,
    outOfOrder: options.outOfOrder ?? optionTable.outOfOrder.default,
    target: options.target ?? (command === 'undo' ? 'next' : optionTable.target.default),
    cherryPick: options.cherryPick ?? [],
    validateOnMigrate: options.validateOnMigrate ?? optionTable.validateOnMigrate.default,
    skipExecutingMigrations: options.skipExecutingMigrations ?? optionTable.skipExecutingMigrations.default,
    ignoreMigrationPatterns: options.ignoreMigrationPatterns ?? optionTable.ignoreMigrationPatterns.default,
    baselineOnMigrate: options.baselineOnMigrate ?? optionTable.baselineOnMigrate.default,
    baselineVersion: options.baselineVersion ?? optionTable.baselineVersion.default,
    baselineDescription: options.baselineDescription ?? optionTable.baselineDescription.default,
    cleanDisabled: options.cleanDisabled ?? optionTable.cleanDisabled.default,
    preview: options.preview ?? optionTable.preview.default,
    versions: options.versions ?? [],
    unfinished: options.unfinished,
    from: options.from,
    applied: options.applied,
    fromTable: options.fromTable,
    installedBy: options.installedBy,
    requireUndo: options.requireUndo ?? optionTable.requireUndo.default,
    mixed: options.mixed ?? optionTable.mixed.default,
    placeholderReplacement: options.placeholderReplacement ?? optionTable.placeholderReplacement.default,
    placeholderPrefix: options.placeholderPrefix ?? optionTable.placeholderPrefix.default,
    placeholderSuffix: options.placeholderSuffix ?? optionTable.placeholderSuffix.default,
    placeholderSeparator: options.placeholderSeparator ?? optionTable.placeholderSeparator.default,
    encoding: await readEncoding(options.encoding ?? optionTable.encoding.default),
    naming: options.naming ?? optionTable.naming.default,
    ignore: options.ignore ?? [],
    failOnMissingLocations: options.failOnMissingLocations ?? optionTable.failOnMissingLocations.default,
    applicationName: options.applicationName ?? optionTable.applicationName.default,
    connectTimeout: options.connectTimeout ?? optionTable.connectTimeout.default,
    connectRetries: options.connectRetries ?? optionTable.connectRetries.default,
    waitForLock: options.waitForLock ?? optionTable.waitForLock.default,
    lockStrategy: options.lockStrategy ?? optionTable.lockStrategy.default,
    lockTimeout: options.lockTimeout ?? optionTable.lockTimeout.default,
    lockRetries: options.lockRetries ?? optionTable.lockRetries.default,
    statementTimeout: options.statementTimeout ?? optionTable.statementTimeout.default,
    partitionsAhead: options.partitionsAhead ?? optionTable.partitionsAhead.default,
    retention: new Map(Object.entries(options.retention ?? {})),
    set: options.set,
    organisationId: options.organisationId?.toLowerCase(),
    steps: options.steps,
    to: options.to,
    run: options.run,
    allowDataLoss: options.allowDataLoss ?? optionTable.allowDataLoss.default,
    timeout: options.timeout ?? optionTable.timeout.default,
    interval: options.interval ?? optionTable.interval.default,
    signal: options.signal,
    logger: options.logger ?? {},
    onEvent: options.onEvent,
    hooks: completeHooks(options.hooks),
    isObserved: options.logger !== undefined || options.onEvent !== undefined,
  })
}

/** Whether nothing can be missing, and nothing be too much. */
function isPlain(command: CommandName, options: AnyOptions): boolean {
  return (
    !demanding.has(command) &&
    namedDatabases(options).length === 1 &&
    Object.keys(options).every((name) => plainOptions.has(name))
  )
}

/** Which of the options that say where the database is are given. */
export function namedDatabases(options: ConnectionChoice): readonly (keyof ConnectionChoice)[] {
  return (['url', 'connection', 'sql'] as const).filter((name) => options[name] !== undefined)
}

/** The names of Java are loaded only for whoever uses another one than ours. */
async function readEncoding(name: string): Promise<Encoding> {
  const plain = optionTable.encoding.kind.values.find((one) => one === name.toLowerCase())
  return plain ?? (await import('../scripts/encodings.js')).encodingOf(name) ?? optionTable.encoding.default
}

/** Only what can be called. */
function completeHooks(given: Hooks | undefined): Hooks {
  if (given === undefined) return noHooks
  return Object.freeze(Object.fromEntries(Object.entries(given).filter(([, hook]) => hook !== undefined)))
}

function completeRoles(given: Partial<Record<keyof RoleNames, string | undefined>>): RoleNames {
  return Object.freeze({
    owner: given.owner ?? defaultRoleNames.owner,
    app: given.app ?? defaultRoleNames.app,
    worker: given.worker ?? defaultRoleNames.worker,
    readonly: given.readonly ?? defaultRoleNames.readonly,
  })
}
