import type { ConnectionChoice, MigrateAllOptions } from '../config/options.js'
import { isObject, isStorable, readOptions } from '../config/read-options.js'
import { wholeOptionNamesOf } from '../config/whole-option-table.js'
import { SchemawayError } from '../errors/schemaway-error.js'
import { resolveConnectionTarget } from '../run/connection-target.js'
import { readConnection } from '../run/driver-options.js'
import { nearestName } from '../scripts/nearest-name.js'

/** A database of `migrateAll()`, checked. */
export interface NamedTarget {
  readonly name: string
  readonly connection: ConnectionChoice
  /** Lower-case names to values, those of the options included. */
  readonly placeholders: ReadonlyMap<string, string>
}

const keysOfTarget = ['name', 'url', 'connection', 'sql', 'placeholders']

/**
 * Checks one target, and gives it the name under which it was not given one.
 *
 * @param position from 1, for messages: of a target that cannot be used there may be no name.
 * @throws SchemawayError `INVALID_OPTIONS`.
 */
export async function readTarget(given: unknown, position: number, options: MigrateAllOptions): Promise<NamedTarget> {
  // A copy, so that what is used is what was checked.
  const target =
    typeof given === 'string' || given instanceof URL ? { url: given } : isObject(given) ? { ...given } : null
  if (target === null) {
    throw wrongTarget(position, 'it must be a connection URL, or an object such as { name: "acme", url }')
  }
  const unknown = Object.keys(target).find((key) => !keysOfTarget.includes(key))
  if (unknown !== undefined) throw wrongTarget(position, describeUnknown(unknown))
  const { name, placeholders, ...place } = target as Readonly<Record<string, unknown>>
  if (name !== undefined && (!isStorable(name) || name === '')) {
    throw wrongTarget(position, '`name` must be text that is not empty')
  }
  if (typeof name === 'string' && holdsPassword(name)) {
    throw wrongTarget(
      position,
      '`name` is a URL with a password, which reports and messages would show; name it otherwise',
    )
  }
  try {
    const { modules, locations, placeholderSuffix, placeholderSeparator } = options
    const merged = isObject(placeholders) ? mergePlaceholders(options.placeholders ?? {}, placeholders) : placeholders
    const config = await readOptions('migrate', {
      ...place,
      modules,
      locations,
      placeholderSuffix,
      placeholderSeparator,
      placeholders: merged ?? options.placeholders,
    })
    const { connection } = config
    return { name: name ?? displayDatabase(connection, config), connection, placeholders: config.placeholders }
  } catch (error) {
    if (!(error instanceof SchemawayError)) throw error
    throw wrongTarget(position, error.message, error)
  }
}

/** Whether a name would carry a password into every report, as when the URL is given as name, too. */
export function holdsPassword(name: string): boolean {
  return /^\s*[a-z][\w+.-]*:\/\/[^/?#@]*:[^/]*@/i.test(name)
}

/** Names compare without regard to case. */
function mergePlaceholders(
  common: Readonly<Record<string, string>>,
  own: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const names = new Set(Object.keys(own).map((name) => name.toLowerCase()))
  const others = Object.entries(common).filter(([name]) => !names.has(name.toLowerCase()))
  return { ...Object.fromEntries(others), ...own }
}

/** `host:port/database`, as reports and errors say it. */
function displayDatabase(
  connection: ConnectionChoice,
  { connectTimeout }: { readonly connectTimeout: number },
): string {
  return resolveConnectionTarget(readConnection(connection), { connectTimeout }, process.env).display
}

function describeUnknown(key: string): string {
  const isOption = wholeOptionNamesOf('migrateAll').some((name) => name === key)
  if (isOption) return `\`${key}\` is given with the options of migrateAll(), for all targets`
  const nearest = nearestName(key, keysOfTarget)
  return `it has an unknown \`${key}\`${nearest === null ? '' : `, did you mean \`${nearest}\`?`}`
}

function wrongTarget(position: number, reason: string, cause?: SchemawayError): SchemawayError {
  return new SchemawayError('INVALID_OPTIONS', `Target ${position} of migrateAll() cannot be used: ${reason}`, {
    details: { ...cause?.details, option: `targets.${position - 1}` },
    ...(cause !== undefined && { cause }),
  })
}
