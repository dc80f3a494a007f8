/**
 * The expressions of CHECK constraints as PostgreSQL evaluates them: null is "unknown", and a row is refused only when a
 * constraint is false.
 */

/** The value of a column or of an expression over it; undefined is the same as null. */
export type Operand = unknown

/** True, false, or null for unknown. */
export type Truth = boolean | null

type Order = -1 | 0 | 1

export function isNull(value: Operand): boolean {
  return value === null || value === undefined
}

export function isNotNull(value: Operand): boolean {
  return !isNull(value)
}

export function and(...parts: readonly Operand[]): Truth {
  if (parts.includes(false)) return false
  return parts.some(isNull) ? null : true
}

export function or(...parts: readonly Operand[]): Truth {
  if (parts.includes(true)) return true
  return parts.some(isNull) ? null : false
}

export function not(value: Operand): Truth {
  return isNull(value) ? null : value !== true
}

/** `CASE WHEN condition THEN value ELSE otherwise END` */
export function choose(condition: Operand, value: Operand, otherwise: Operand): Operand {
  return condition === true ? value : otherwise
}

export function equal(left: Operand, right: Operand): Truth {
  return compare(left, right, (order) => order === 0)
}

export function notEqual(left: Operand, right: Operand): Truth {
  return compare(left, right, (order) => order !== 0)
}

export function lessThan(left: Operand, right: Operand): Truth {
  return compare(left, right, (order) => order < 0)
}

export function atMost(left: Operand, right: Operand): Truth {
  return compare(left, right, (order) => order <= 0)
}

export function greaterThan(left: Operand, right: Operand): Truth {
  return compare(left, right, (order) => order > 0)
}

export function atLeast(left: Operand, right: Operand): Truth {
  return compare(left, right, (order) => order >= 0)
}

/** `value = ANY (ARRAY[...])`, of a list without nulls. */
export function isOneOf(value: Operand, list: readonly Operand[]): Truth {
  return isNull(value) ? null : list.includes(value)
}

function compare(left: Operand, right: Operand, test: (order: Order) => boolean): Truth {
  return isNull(left) || isNull(right) ? null : test(orderOf(left, right))
}

/** NaN equals itself and is greater than all other numbers, as in PostgreSQL. */
function orderOf(left: Operand, right: Operand): Order {
  if (Object.is(left, right) || left === right) return 0
  if (Number.isNaN(left)) return 1
  if (Number.isNaN(right)) return -1
  return (left as number | string) < (right as number | string) ? -1 : 1
}
