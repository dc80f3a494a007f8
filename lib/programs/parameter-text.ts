/**
 * A value as the text that the server reads: types are left to the server, which knows them from the query.
 *
 * @throws TypeError for a value that has no such text.
 */
export function parameterText(value: unknown): string | null {
  if (value === null) return null
  switch (typeof value) {
    case 'string':
      if (value.includes('\0'))
        throw new TypeError('A parameter contains a NUL character, which PostgreSQL cannot store.')
      return value
    case 'number':
    case 'bigint':
    case 'boolean':
      return String(value)
    case 'object':
      return objectText(value)
    default:
      throw new TypeError(
        `A value of type ${typeof value} cannot be a parameter of a query${value === undefined ? '; write null where NULL is meant' : ''}.`,
      )
  }
}

function objectText(value: object): string {
  // An invalid date throws here.
  if (value instanceof Date) return dateText(value)
  if (value instanceof Uint8Array)
    return `\\x${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex')}`
  if (Array.isArray(value)) return arrayText(value)
  return jsonText(value)
}

/** Years that JavaScript writes with a sign and six digits, or as 0000, PostgreSQL writes with an era. */
function dateText(date: Date): string {
  const text = date.toISOString()
  const [, written = '', rest = ''] = /^([+-]\d{6}|\d{4})(.*)$/.exec(text) ?? []
  const year = Number(written)
  return year > 0 ? `${String(year).padStart(4, '0')}${rest}` : `${String(1 - year).padStart(4, '0')}${rest} BC`
}

/** @throws TypeError for a value without JSON. */
export function jsonText(value: unknown): string {
  const text: unknown = JSON.stringify(value)
  if (typeof text !== 'string') throw new TypeError(`A value of type ${typeof value} has no JSON.`)
  return text
}

function arrayText(items: readonly unknown[]): string {
  const texts = items.map((item) => {
    if (Array.isArray(item)) return arrayText(item)
    const text = parameterText(item)
    return text === null ? 'NULL' : `"${text.replace(/["\\]/g, '\\$&')}"`
  })
  return `{${texts.join(',')}}`
}
