import { SchemawayError } from '../errors/schemaway-error.js'
import { parseTarget } from '../history/scope.js'
import { defaultRoleNames, type RoleNames } from '../model/role-names.js'
import { type ModuleSelection, selectModules } from '../modules/select-modules.js'
import { explainPattern, isPattern } from '../plan/ignore-patterns.js'
import { parseVersion } from '../scripts/version.js'
import {
  type CommandName,
  type OptionKind,
  type OptionName,
  type OptionSpecification,
  optionTable,
} from './option-table.js'
import type {
  AdoptOptions,
  CleanOptions,
  CommonOptions,
  ConnectionChoice,
  Logger,
  MaintainOptions,
  MigrateOptions,
  RepairOptions,
  Retention,
  RollbackOptions,
  SeedOptions,
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
  readonly encoding: NonNullable<CommonOptions['encoding']>
  readonly naming: NonNullable<CommonOptions['naming']>
  readonly ignore: readonly string[]
  readonly failOnMissingLocations: boolean
  readonly applicationName: string
  readonly connectTimeout: number
  readonly connectRetries: number
  readonly waitForLock: number
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
  readonly onEvent: CommonOptions['onEvent']
  /** Whether anybody listens: a logger or an event listener was given. */
  readonly isObserved: boolean
}

type AnyOptions = MigrateOptions &
  RollbackOptions &
  WaitOptions &
  MaintainOptions &
  Partial<SeedOptions> &
  RepairOptions &
  ValidateFilesOptions &
  CleanOptions &
  AdoptOptions

const roleKeys = ['owner', 'app', 'worker', 'readonly'] as const
/** It stands in identifiers and literals alike, so it must need no quotes. PostgreSQL reserves what is left out. */
export const plainRoleName = /^(?!pg_|(?:public|none)$)[a-z_][a-z0-9_]{0,62}$/
/** They may work on a part that others require. */
const removing: ReadonlySet<CommandName> = new Set(['rollback', 'undo', 'clean'])
const defaultLedger = 'schemaway_ledger'
export const longestRetention = 1_200
/** Of the column in history. */
const longestInstalledBy = 100
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

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
  return completeOptions(command, given as AnyOptions)
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
      return Array.isArray(value) && value.every(isText)
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
    default:
      return kind satisfies never
  }
}

/** Whether a value can be sent to PostgreSQL as text: it has no NUL and no half of a surrogate pair. */
export function isStorable(value: unknown): value is string {
  return typeof value === 'string' && !value.includes('\0') && !/\p{Surrogate}/u.test(value)
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

function completeOptions(command: CommandName, options: AnyOptions): Config {
  const table = options.table ?? optionTable.table.default
  const ledgerTable = table === optionTable.table.default ? defaultLedger : `${table}_ledger`
  const roles = completeRoles(options.roles ?? {})
  const placeholders = Object.entries(options.placeholders ?? {})
  refuseContradictions(command, options, { table, ledgerTable, roles, placeholders })
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
    from: options.from,
    applied: options.applied,
    fromTable: options.fromTable,
    installedBy: options.installedBy,
    requireUndo: options.requireUndo ?? optionTable.requireUndo.default,
    mixed: options.mixed ?? optionTable.mixed.default,
    placeholderReplacement: options.placeholderReplacement ?? optionTable.placeholderReplacement.default,
    placeholderPrefix: options.placeholderPrefix ?? optionTable.placeholderPrefix.default,
    placeholderSuffix: options.placeholderSuffix ?? optionTable.placeholderSuffix.default,
    encoding: options.encoding ?? optionTable.encoding.default,
    naming: options.naming ?? optionTable.naming.default,
    ignore: options.ignore ?? [],
    failOnMissingLocations: options.failOnMissingLocations ?? optionTable.failOnMissingLocations.default,
    applicationName: options.applicationName ?? optionTable.applicationName.default,
    connectTimeout: options.connectTimeout ?? optionTable.connectTimeout.default,
    connectRetries: options.connectRetries ?? optionTable.connectRetries.default,
    waitForLock: options.waitForLock ?? optionTable.waitForLock.default,
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
    isObserved: options.logger !== undefined || options.onEvent !== undefined,
  })
}

function completeRoles(given: Partial<Record<keyof RoleNames, string | undefined>>): RoleNames {
  return Object.freeze({
    owner: given.owner ?? defaultRoleNames.owner,
    app: given.app ?? defaultRoleNames.app,
    worker: given.worker ?? defaultRoleNames.worker,
    readonly: given.readonly ?? defaultRoleNames.readonly,
  })
}

/** Refuses options that are well formed one by one, but do not go together. */
function refuseContradictions(
  command: CommandName,
  options: AnyOptions,
  completed: {
    readonly table: string
    readonly ledgerTable: string
    readonly roles: RoleNames
    readonly placeholders: readonly (readonly [name: string, value: string])[]
  },
): void {
  const problems: { readonly kind: string; readonly option: string; readonly message: string }[] = []
  const refuse = (option: string, message: string): void =>
    void problems.push({ kind: 'INVALID_OPTION', option, message })

  const databases = (['url', 'connection', 'sql'] as const).filter((name) => options[name] !== undefined)
  if (command === 'validateFiles') {
    if (databases[0] !== undefined) refuse(databases[0], 'validateFiles() looks at no database')
  } else if (databases.length === 0) {
    refuse(
      'url',
      'no database is named; pass `url: process.env.DATABASE_URL` (is the variable set?), `connection` or `sql`',
    )
  }
  if (databases.length > 1) {
    refuse(databases[0] ?? 'url', `${quoted(databases)} are given; exactly one of them names the database`)
  }
  const ways = (['steps', 'to', 'run'] as const).filter((name) => options[name] !== undefined)
  if (ways.length > 1) refuse(ways[0] ?? 'steps', `${quoted(ways)} exclude each other`)
  if (options.to !== undefined && options.to !== 'empty' && parseVersion(options.to) === null) {
    refuse('to', "`to` is neither a version such as '20260105.110200' nor 'empty'")
  }
  if (command === 'seed' && options.set === undefined) {
    refuse(
      'set',
      "`set` is missing; pass `set: 'reference'`, or `set: 'demo'` for an organisation to try things out with",
    )
  }
  if (options.organisationId !== undefined) {
    if (!uuid.test(options.organisationId)) refuse('organisationId', '`organisationId` must be a uuid')
    if (options.set === 'demo') {
      refuse(
        'organisationId',
        "`organisationId` goes with `set: 'reference'` only: the demo brings its own organisation",
      )
    }
  }
  if (options.baselineVersion !== undefined && parseVersion(options.baselineVersion) === null) {
    refuse('baselineVersion', "`baselineVersion` is not a version such as '20260105.110200'")
  }
  if (command === 'adopt') {
    if ((options.from === undefined) === (options.applied === undefined)) {
      refuse(
        'from',
        "exactly one of `from: 'golang-migrate'` (or 'node-pg-migrate') and `applied: [...]` must be given",
      )
    }
    if (options.locations === undefined && options.modules === undefined) {
      refuse('locations', 'no files are named; pass `locations`, or `modules` with one of your own')
    }
  }
  if (command !== 'undo' && options.target !== undefined && parseTarget(options.target) === null) {
    refuse('target', "`target` is neither a version such as '20260105.110200' nor 'latest', 'current' or 'next'")
  }
  const pattern = options.ignoreMigrationPatterns?.find((one) => !isPattern(one))
  if (pattern !== undefined) {
    refuse('ignoreMigrationPatterns', `in \`ignoreMigrationPatterns\` ${explainPattern(pattern)}`)
  }
  if (options.cherryPick !== undefined && options.target !== undefined) {
    refuse('cherryPick', '`cherryPick` and `target` exclude each other')
  }
  if (options.installedBy !== undefined && options.installedBy.length > longestInstalledBy) {
    refuse('installedBy', `\`installedBy\` must not be longer than ${longestInstalledBy} characters`)
  }
  const { table, ledgerTable, roles, placeholders } = completed
  if (ledgerTable === defaultLedger && table !== optionTable.table.default) {
    refuse('table', `\`table\` cannot be '${table}': its ledger would be the one of ${optionTable.table.default}`)
  }
  for (const [index, key] of roleKeys.entries()) {
    // Whoever is two roles has the rights of both, and row-level security would let them see every organisation.
    const same = roleKeys.slice(0, index).find((other) => roles[other] === roles[key])
    if (same !== undefined) {
      refuse(`roles.${key}`, `\`roles.${same}\` and \`roles.${key}\` are both '${roles[key]}'; they need to differ`)
    }
  }
  const names = new Set<string>()
  for (const [name] of placeholders) {
    const key = name.toLowerCase()
    const option = `placeholders.${name}`
    if (key === '') refuse('placeholders', 'a placeholder has an empty name')
    if (names.has(key)) refuse(option, `the placeholder \`${key}\` is given twice, in different case`)
    if (/^(?:flyway|schemaway):/.test(key)) refuse(option, `the placeholder \`${key}\` is built in and cannot be given`)
    if (key.includes('}')) refuse(option, `the placeholder \`${key}\` has a } in its name, where names end`)
    names.add(key)
  }
  const [first] = problems
  if (first === undefined) return
  throw new SchemawayError(
    'INVALID_OPTIONS',
    `The options cannot be used: ${problems.map((problem) => problem.message).join('; ')}.`,
    { details: { problems, option: first.option } },
  )
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(' and ')
}
