import type { Sql } from 'postgres'
import { SchemawayError } from '../errors/schemaway-error.js'

/** For whom a transaction works. */
export interface TenantContext {
  /** Id of the organisation, a uuid in its usual form. Row-level security shows the rows of this one only. */
  readonly organisationId: string
  /** Id of the user, a uuid. Default: nobody, even if the session was given a user before. */
  readonly userId?: string
  /**
   * Role to work as, a plain lower-case identifier; the login must be a member of it. Default: the login itself, which
   * must then neither be a superuser nor have BYPASSRLS, because both see every organisation.
   */
  readonly role?: string
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
const plainIdentifier = /^[a-z_][a-z0-9_]{0,62}$/

type Values = Readonly<Record<string, unknown>>

/**
 * Writes the statements that put a transaction into the context of one organisation.
 *
 * @throws SchemawayError `INVALID_OPTIONS`
 */
export function writeTenantSettings(context: TenantContext): string {
  const caller = 'withOrganisation'
  const { organisationId, userId, role } = readValues(caller, context, ['organisationId', 'userId', 'role'])
  return [
    `SET LOCAL app.organisation_id = '${requireUuid(caller, 'organisationId', organisationId)}'`,
    `SET LOCAL app.user_id = '${userId === undefined ? '' : requireUuid(caller, 'userId', userId)}'`,
    ...(role === undefined ? [] : [`SET LOCAL ROLE "${requireRole(caller, role)}"`]),
  ].join('; ')
}

/**
 * Writes the statements that let a transaction work for all organisations.
 *
 * @throws SchemawayError `INVALID_OPTIONS`
 */
export function writeWorkerSettings(options: { readonly role?: string }, defaultRole: string): string {
  const caller = 'withWorker'
  const { role = defaultRole } = readValues(caller, options, ['role'])
  return [
    `SET LOCAL app.organisation_id = ''`,
    `SET LOCAL app.user_id = ''`,
    `SET LOCAL ROLE "${requireRole(caller, role)}"`,
  ].join('; ')
}

/**
 * Refuses what is not a client of postgres.js, in particular a transaction.
 *
 * @throws SchemawayError `INVALID_OPTIONS`
 */
export function requireClient<Types extends Record<string, unknown>>(caller: string, sql: Sql<Types>): Sql<Types> {
  const begin: unknown = typeof sql === 'function' ? sql.begin : undefined
  if (typeof begin === 'function') return sql
  throw invalid(
    'sql',
    `${caller}() needs a client from postgres(). Inside a transaction use transaction.savepoint() instead: ` +
      'a transaction keeps the context that it began with.',
  )
}

/** Reads each value once, and refuses unknown names: a misspelt `userId` would otherwise pass as "no user". */
function readValues(caller: string, values: unknown, known: readonly string[]): Values {
  if (typeof values !== 'object' || values === null) {
    throw invalid(
      known[0] ?? '',
      `${caller}() was given ${show(values)} where an object with ${known.join(', ')} belongs.`,
    )
  }
  const read: Values = { ...values }
  const unknown = Object.keys(read).find((name) => !known.includes(name))
  if (unknown === undefined) return read
  throw invalid(unknown, `${caller}() knows no option "${unknown}". It takes ${known.join(', ')}.`)
}

function requireUuid(caller: string, option: string, value: unknown): string {
  if (typeof value === 'string' && uuid.test(value)) return value
  throw invalid(
    option,
    `${caller}() was given ${show(value)} as ${option}. Give a uuid such as 0190b7a0-0000-7000-8000-000000000001.`,
  )
}

function requireRole(caller: string, value: unknown): string {
  // To SET ROLE the name "none" means the login itself, in quotes as well.
  if (typeof value === 'string' && plainIdentifier.test(value) && value !== 'none') return value
  throw invalid(
    'role',
    `${caller}() was given ${show(value)} as role. Give the name of a role: lower-case letters, digits and ` +
      'underscores, at most 63 of them, not beginning with a digit.',
  )
}

function invalid(option: string, message: string): SchemawayError {
  return new SchemawayError('INVALID_OPTIONS', message, { details: { option } })
}

function show(value: unknown): string {
  if (value === null) return 'null'
  if (typeof value !== 'string') return `a value of type ${typeof value}`
  return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}...` : value)
}
