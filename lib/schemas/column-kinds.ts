import * as z from 'zod'
import { isJson } from './is-json.js'
import { fitsNumeric, roundNumeric } from './numeric.js'
import type { Operand } from './three-valued-logic.js'

/** A type of PostgreSQL: what the driver delivers, what it may be given, and what a CHECK constraint compares. */
export interface ColumnKind {
  readonly row: () => z.ZodType
  readonly write: () => z.ZodType
  readonly operand: (value: unknown) => Operand
}

const asIs = (value: unknown): Operand => value

export const text: ColumnKind = {
  row: () => z.string(),
  write: () => z.string().refine((value) => !value.includes('\u0000'), 'must not contain U+0000'),
  operand: asIs,
}

export const uuid: ColumnKind = {
  row: () => z.guid(),
  write: () => z.guid(),
  operand: (value) => (typeof value === 'string' ? value.toLowerCase() : value),
}

export const boolean: ColumnKind = { row: () => z.boolean(), write: () => z.boolean(), operand: asIs }

export const smallint: ColumnKind = integers(-32768, 32767)

export const integer: ColumnKind = integers(-2147483648, 2147483647)

function integers(minimum: number, maximum: number): ColumnKind {
  const schema = (): z.ZodType => z.int().min(minimum).max(maximum)
  return { row: schema, write: schema, operand: asIs }
}

/** Delivered as text, because a number of JavaScript is too small for it. */
export const bigint: ColumnKind = {
  row: () => z.string().regex(/^-?\d+$/),
  write: () =>
    z
      .bigint()
      .min(-(2n ** 63n))
      .max(2n ** 63n - 1n),
  operand: (value) => (isText(value) ? BigInt(value) : value),
}

/** NaN and the infinities among its values. */
export const doublePrecision: ColumnKind = {
  row: () => z.custom<number>((value) => typeof value === 'number', 'must be a number'),
  write: () => z.custom<number>((value) => typeof value === 'number', 'must be a number'),
  operand: asIs,
}

/** Delivered as text. A value with more digits behind the point than the column has is rounded by the server. */
export function numeric(precision?: number, scale = 0): ColumnKind {
  const limits = precision === undefined ? null : { precision, scale }
  const expected = limits === null ? 'must be a number' : `must be a number that fits numeric(${precision},${scale})`
  return {
    row: () => z.string(),
    write: () => z.union([z.string(), numberOrNaN()]).refine((value) => fitsNumeric(String(value), limits), expected),
    operand: (value) => (value === null || value === undefined ? value : roundNumeric(String(value), limits)),
  }
}

const numberOrNaN = (): z.ZodType<number> => z.custom<number>((value) => typeof value === 'number')

const firstInstant = new Date('0001-01-01T00:00:00.000Z')
const lastInstant = new Date('9999-12-31T23:59:59.999Z')

/** The driver writes it with `toISOString()`, whose years before 1 and after 9999 the server cannot read. */
export const timestamptz: ColumnKind = {
  row: () => z.date(),
  write: () => z.date().min(firstInstant).max(lastInstant),
  operand: (value) => (value instanceof Date ? value.getTime() : value),
}

/** Delivered as a Date at midnight UTC. Written as text, because the server would shift a Date by its time zone. */
export const date: ColumnKind = {
  row: () => z.date(),
  write: () => z.iso.date().refine((value) => !value.startsWith('0000'), 'must be a date from 0001-01-01'),
  operand: (value) => (value instanceof Date ? value.toISOString().slice(0, 10) : value),
}

const timeOfDay = /^(?:(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,6})?)?|24:00(?::00(?:\.0{1,6})?)?)$/

export const time: ColumnKind = {
  row: () => z.string(),
  write: () => z.string().regex(timeOfDay, 'must be a time of day such as 09:30 or 09:30:15.5'),
  operand: (value) => {
    if (!isText(value)) return value
    const [hours = 0, minutes = 0, seconds = 0] = value.split(':').map(Number)
    return Math.round(((hours * 60 + minutes) * 60 + seconds) * 1e6)
  },
}

/** Buffer is one. */
export const bytea: ColumnKind = {
  row: () => z.instanceof(Uint8Array),
  write: () => z.instanceof(Uint8Array),
  operand: asIs,
}

/** The driver writes null as the null of SQL, not of JSON. */
export const jsonb: ColumnKind = {
  row: () => z.custom(isPresent),
  write: () =>
    z.custom(
      (value) => isPresent(value) && isJson(value),
      'must be plain JSON, without U+0000 and halves of surrogate pairs',
    ),
  operand: asIs,
}

const version4 = z.ipv4()
const version6 = z.ipv6()

export const inet: ColumnKind = {
  row: () => z.string(),
  write: () => z.string().refine(isAddress, 'must be an IP address, or a network such as 10.0.0.0/8'),
  operand: asIs,
}

function isAddress(value: string): boolean {
  const [address, bits, ...more] = value.split('/')
  if (more.length > 0 || (bits !== undefined && !/^\d{1,3}$/.test(bits))) return false
  const length = Number(bits ?? 0)
  return (length <= 32 && version4.safeParse(address).success) || (length <= 128 && version6.safeParse(address).success)
}

export function enumeration(labels: Readonly<Record<string, string>>): ColumnKind {
  return { row: () => z.enum(labels), write: () => z.enum(labels), operand: asIs }
}

export function arrayOf(element: ColumnKind): ColumnKind {
  return { row: () => z.array(element.row()), write: () => z.array(element.write()), operand: asIs }
}

function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}
