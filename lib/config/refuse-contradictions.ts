import { SchemawayError } from '../errors/schemaway-error.js'
import type { RoleNames } from '../model/role-names.js'
import { parseTarget, parseVersion } from '../scripts/version.js'
import type { CommandName } from './command-names.js'
import { explainPattern } from './explain-pattern.js'
import { isPattern } from './ignore-patterns.js'
import { optionTable } from './option-table.js'
import { type AnyOptions, defaultLedger, namedDatabases, roleKeys } from './read-options.js'

/** Of the column in history. */
const longestInstalledBy = 100
/** They take none in their options. */
const withoutDatabase: ReadonlySet<CommandName> = new Set(['validateFiles', 'migrateAll'])
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** Refuses options that are well formed one by one, but do not go together. */
export function refuseContradictions(
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

  const databases = namedDatabases(options)
  if (databases.length === 0 && !withoutDatabase.has(command)) {
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
  if (options.unfinished !== undefined && options.versions === undefined) {
    refuse('unfinished', '`unfinished` says something about scripts that have to be named with `versions`')
  }
  if (options.target !== undefined && parseTarget(options.target) === null) {
    refuse('target', "`target` is neither a version such as '20260105.110200' nor 'latest', 'current' or 'next'")
  }
  const pattern = options.ignoreMigrationPatterns?.find((one) => !isPattern(one))
  if (pattern !== undefined) {
    refuse('ignoreMigrationPatterns', `in \`ignoreMigrationPatterns\` ${explainPattern(pattern)}`)
  }
  if (options.cherryPick !== undefined && parseTarget(options.target ?? 'latest')?.kind !== 'latest') {
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
  const separator = (options.placeholderSeparator ?? optionTable.placeholderSeparator.default).toLowerCase()
  const suffix = options.placeholderSuffix ?? optionTable.placeholderSuffix.default
  for (const [name] of placeholders) {
    const key = name.toLowerCase()
    const option = `placeholders.${name}`
    if (key === '') refuse('placeholders', 'a placeholder has an empty name')
    if (names.has(key)) refuse(option, `the placeholder \`${key}\` is given twice, in different case`)
    if (/^(?:flyway|schemaway):/.test(key) || key.startsWith(`flyway${separator}`)) {
      refuse(option, `the placeholder \`${key}\` is built in and cannot be given`)
    }
    if (key.includes(suffix.toLowerCase())) {
      refuse(option, `the placeholder \`${key}\` has a ${suffix} in its name, where names end`)
    }
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
