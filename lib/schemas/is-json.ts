/**
 * Whether a value is JSON that `jsonb` takes and gives back unchanged: no U+0000 and no half of a surrogate pair in
 * texts and keys, and nothing that `JSON.stringify` would turn into something else or leave out of a list.
 */
export function isJson(value: unknown): boolean {
  switch (typeof value) {
    case 'string':
      return isJsonText(value)
    case 'number':
      return Number.isFinite(value)
    case 'boolean':
      return true
    case 'object':
      if (value === null) return true
      if (Array.isArray(value)) return Array.from(value).every(isJson)
      return isPlain(value) && Object.entries(value).every(isMember)
    default:
      return false
  }
}

function isMember([key, value]: readonly [string, unknown]): boolean {
  return value === undefined || (isJsonText(key) && isJson(value))
}

function isJsonText(text: string): boolean {
  return !text.includes('\u0000') && !/\p{Surrogate}/u.test(text)
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return (prototype === null || prototype === Object.prototype) && !('toJSON' in value)
}
