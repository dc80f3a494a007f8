import type { OptionKind } from './option-table.js'

const roleKeys = ['owner', 'app', 'worker', 'readonly']
/** A role name stands in identifiers and literals alike, so it must need no quotes. */
export const plainRoleName = /^[a-z_][a-z0-9_]{0,62}$/
/** 63 bytes is PostgreSQL's limit; the ledger of a custom history table adds `_ledger`. */
export const maximumIdentifierBytes = 56

/**
 * The fast check: true only for values that are certainly right. What it refuses is judged, and explained, by the zod
 * schema that is built from the same kinds.
 */
export function matchesKind(kind: OptionKind, value: unknown): boolean {
  switch (kind.type) {
    case 'url':
      return (typeof value === 'string' && value !== '') || value instanceof URL
    case 'connection':
    case 'logger':
      return isPlainObject(value)
    case 'client':
      return typeof value === 'function' && 'options' in value
    case 'modules':
      return Array.isArray(value) && value.length > 0 && value.every((one) => isText(one) || isPlainObject(one))
    case 'locations':
      return isLocation(value) || (Array.isArray(value) && value.length > 0 && value.every(isLocation))
    case 'texts':
      return isPlainObject(value) && Object.values(value).every((one) => typeof one === 'string')
    case 'roles':
      return (
        isPlainObject(value) &&
        Object.entries(value).every(
          ([key, one]) => roleKeys.includes(key) && typeof one === 'string' && plainRoleName.test(one),
        )
      )
    case 'signal':
      return value instanceof AbortSignal
    case 'listener':
      return typeof value === 'function'
    case 'boolean':
      return typeof value === 'boolean'
    case 'identifier':
      return isIdentifier(value)
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

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && !value.includes('\0')
}

export function isIdentifier(value: unknown): value is string {
  return isText(value) && Buffer.byteLength(value) <= maximumIdentifierBytes
}

function isLocation(value: unknown): boolean {
  return isText(value) || (value instanceof URL && value.protocol === 'file:')
}

export function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof URL)
}
