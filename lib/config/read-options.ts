import { SchemawayError } from '../errors/schemaway-error.js'
import { defaultRoleNames } from '../model/role-names.js'
import { type ModuleSelection, selectModules } from '../modules/select-modules.js'
import { isPlainObject, matchesKind } from './matches-kind.js'
import { type CommandName, type OptionName, type OptionSpecification, optionTable } from './option-table.js'
import type { ConnectionChoice, Logger, RoleNames, RollbackOptions, WaitOptions, WritingOptions } from './options.js'

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
  readonly applicationName: string
  readonly connectTimeout: number
  readonly connectRetries: number
  readonly waitForLock: number
  readonly lockTimeout: number
  readonly lockRetries: number
  readonly statementTimeout: number
  readonly steps: number | undefined
  readonly to: string | undefined
  readonly run: 'last' | undefined
  readonly allowDataLoss: boolean
  readonly timeout: number
  readonly interval: number
  readonly signal: AbortSignal | undefined
  readonly logger: Logger
  readonly onEvent: WritingOptions['onEvent']
  /** Whether anybody listens: a logger or an event listener was given. */
  readonly isObserved: boolean
}

type AnyOptions = WritingOptions & RollbackOptions & WaitOptions

/**
 * Checks the options of one command and completes them.
 *
 * @throws SchemawayError `INVALID_OPTIONS`, `INVALID_MODULES`, `BUNDLED_SQL_MISSING`.
 */
export async function readOptions(command: CommandName, options: unknown): Promise<Config> {
  const suspect = findSuspectOption(command, options)
  if (suspect !== null) {
    const { explainOptions } = await import('./explain-options.js')
    explainOptions(command, options)
  }
  return completeOptions(command, options as AnyOptions)
}

/**
 * The fast check: name of the first option that is not certainly right, or null. It needs neither zod nor any other
 * module, since it runs at every start of a service.
 */
export function findSuspectOption(command: CommandName, options: unknown): string | null {
  if (!isPlainObject(options)) return '(argument)'
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

function completeOptions(command: CommandName, options: AnyOptions): Config {
  const given = (['url', 'connection', 'sql'] as const).filter((name) => options[name] !== undefined)
  if (given.length !== 1) {
    throw invalid(
      given.length === 0
        ? 'no database was named; pass `url: process.env.DATABASE_URL` (is it set?), `connection` or `sql`'
        : `${given.map((name) => `\`${name}\``).join(' and ')} were given; the database is named by exactly one of them`,
    )
  }
  const ways = (['steps', 'to', 'run'] as const).filter((name) => options[name] !== undefined)
  if (ways.length > 1) {
    throw invalid(`${ways.map((name) => `\`${name}\``).join(' and ')} exclude each other`)
  }
  const table = options.table ?? optionTable.table.default
  return Object.freeze({
    command,
    connection: { url: options.url, connection: options.connection, sql: options.sql },
    selection: selectModules({ modules: options.modules, locations: options.locations }, command !== 'rollback'),
    historySchema: options.historySchema ?? optionTable.historySchema.default,
    table,
    ledgerTable: table === optionTable.table.default ? 'schemaway_ledger' : `${table}_ledger`,
    roles: completeRoles(options.roles ?? {}),
    placeholders: readPlaceholders(options.placeholders ?? {}),
    transaction: options.transaction ?? optionTable.transaction.default,
    outOfOrder: options.outOfOrder ?? optionTable.outOfOrder.default,
    applicationName: options.applicationName ?? optionTable.applicationName.default,
    connectTimeout: options.connectTimeout ?? optionTable.connectTimeout.default,
    connectRetries: options.connectRetries ?? optionTable.connectRetries.default,
    waitForLock: options.waitForLock ?? optionTable.waitForLock.default,
    lockTimeout: options.lockTimeout ?? optionTable.lockTimeout.default,
    lockRetries: options.lockRetries ?? optionTable.lockRetries.default,
    statementTimeout: options.statementTimeout ?? optionTable.statementTimeout.default,
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

function completeRoles(given: Partial<RoleNames>): RoleNames {
  return {
    owner: given.owner ?? defaultRoleNames.owner,
    app: given.app ?? defaultRoleNames.app,
    worker: given.worker ?? defaultRoleNames.worker,
    readonly: given.readonly ?? defaultRoleNames.readonly,
  }
}

function readPlaceholders(given: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  const placeholders = new Map<string, string>()
  for (const [name, value] of Object.entries(given)) {
    const key = name.toLowerCase()
    if (placeholders.has(key)) throw invalid(`the placeholder \`${key}\` is given twice, in different case`)
    if (key.startsWith('flyway:')) throw invalid(`the placeholder \`${key}\` is built in and cannot be given`)
    placeholders.set(key, value)
  }
  return placeholders
}

function invalid(reason: string): SchemawayError {
  return new SchemawayError('INVALID_OPTIONS', `The options cannot be used: ${reason}.`)
}
