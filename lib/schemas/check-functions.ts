/** The functions and operators that CHECK constraints use, each null when an argument is null. */
import type { Operand, Truth } from './three-valued-logic.js'

/** `length(text)`: code points, not UTF-16 units. */
export function length(value: Operand): number | null {
  if (typeof value !== 'string') return null
  let count = 0
  for (const _ of value) count += 1
  return count
}

/** `octet_length(bytea)` */
export function octetLength(value: Operand): number | null {
  return value instanceof Uint8Array ? value.byteLength : null
}

/** `cardinality(anyarray)` */
export function cardinality(value: Operand): number | null {
  return Array.isArray(value) ? value.length : null
}

/** `jsonb_typeof(jsonb)` */
export function jsonTypeof(value: Operand): string | null {
  if (value === null || value === undefined) return null
  return Array.isArray(value) ? 'array' : typeof value
}

/** `substr(text, start, count)` */
export function substr(value: Operand, start: number, count: number): string | null {
  return typeof value === 'string' ? [...value].slice(start - 1, start - 1 + count).join('') : null
}

/** `btrim(text)`: spaces only. */
export function btrim(value: Operand): string | null {
  return typeof value === 'string' ? value.replace(/^ +| +$/g, '') : null
}

/** `lower(text)` as far as every locale agrees: ASCII. */
export function lower(value: Operand): string | null {
  return typeof value === 'string' ? value.replace(/[A-Z]/g, (letter) => letter.toLowerCase()) : null
}

/** `num_nonnulls(...)` */
export function countNonNulls(...values: readonly Operand[]): number {
  return values.filter((value) => value !== null && value !== undefined).length
}

/** `value ~ pattern` */
export function matches(value: Operand, pattern: RegExp): Truth {
  return typeof value === 'string' ? pattern.test(value) : null
}

/** `list <@ other`: a null in the list is contained in nothing. */
export function isContainedBy(list: Operand, other: readonly Operand[]): Truth {
  return Array.isArray(list) ? list.every((item) => other.includes(item)) : null
}

const zoneName = /^[A-Z][A-Za-z_]+(?:\/[A-Za-z0-9_+-]+)+$/
const fixedOffset = /^Etc\/GMT(?:0|[+](?:[0-9]|1[0-2])|-(?:[0-9]|1[0-4]))$/
const knownZones = new Map<string, boolean>()

/** `iam.is_timezone(text)`: UTC, or the name of an IANA zone that this process knows. False for null. */
export function isTimezone(value: Operand): boolean {
  if (typeof value !== 'string') return false
  if (value === 'UTC') return true
  if (!zoneName.test(value) || (/[0-9]/.test(value) && !fixedOffset.test(value))) return false
  // Making a formatter takes a twentieth of a millisecond. Only names that exist are kept, so the map stays small.
  const isKnown = knownZones.get(value) ?? hasZone(value)
  if (isKnown) knownZones.set(value, true)
  return isKnown
}

function hasZone(timeZone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone })
    return true
  } catch {
    return false
  }
}
