import { readDate } from './read-date.js'

type Parse = (text: string) => unknown

const number: Parse = Number
const text: Parse = (value) => value
const json: Parse = (value) => JSON.parse(value)

/** Numbers of the array types of `pg_type`, which never change, with how an element is read. */
const elementParsers: ReadonlyMap<number, Parse> = new Map([
  [1000, (value) => value === 't'], // boolean
  [1001, (value) => Buffer.from(value.slice(2), 'hex')], // bytea
  [1005, number], // smallint
  [1007, number], // integer
  [1016, text], // bigint
  [1021, number], // real
  [1022, number], // double precision
  [1028, number], // oid
  [1002, text], // "char"
  [1003, text], // name
  [1009, text], // text
  [1014, text], // character
  [1015, text], // character varying
  [1115, readDate], // timestamp
  [1182, readDate], // date
  [1185, readDate], // timestamptz
  [1183, text], // time
  [1187, text], // interval
  [1231, text], // numeric
  [199, json], // json
  [3807, json], // jsonb
  [2951, text], // uuid
  [1041, text], // inet
  [651, text], // cidr
])

/** Numbers of `date`, `timestamp` and `timestamptz` in `pg_type`. */
const dateTypes: ReadonlySet<number> = new Set([1082, 1114, 1184])

/** Reads arrays, dates and timestamps in rows, which arrive as text, in place. */
export function readValues(
  rows: readonly Record<string, unknown>[],
  columns: readonly { readonly name: string; readonly type: number }[],
): void {
  for (const { name, type } of columns) {
    const read = dateTypes.has(type) ? readDate : readerOfArray(type)
    if (read === null) continue
    for (const row of rows) {
      const value = row[name]
      if (typeof value === 'string') row[name] = read(value)
    }
  }
}

function readerOfArray(type: number): Parse | null {
  const parse = elementParsers.get(type)
  return parse === undefined ? null : (text) => readArray(text, parse)
}

/** Reads `{1,NULL,"a\"b",{2}}`; lower bounds before it (`[0:1]={...}`) are left out. */
export function readArray(source: string, parse: Parse): unknown[] {
  let at = source.indexOf('{') + 1
  const readItems = (): unknown[] => {
    const items: unknown[] = []
    for (;;) {
      const character = source[at]
      if (character === undefined) throw new TypeError('An array of the server has no end.')
      if (character === '}') {
        at += 1
        return items
      }
      if (character === ',') at += 1
      else if (character === '{') {
        at += 1
        items.push(readItems())
      } else items.push(character === '"' ? parse(readQuoted()) : readBare())
    }
  }
  const readQuoted = (): string => {
    let value = ''
    for (at += 1; at < source.length && source[at] !== '"'; at += 1) {
      if (source[at] === '\\') at += 1
      value += source[at] ?? ''
    }
    at += 1
    return value
  }
  const readBare = (): unknown => {
    const start = at
    while (at < source.length && source[at] !== ',' && source[at] !== '}') at += 1
    const value = source.slice(start, at)
    return value === 'NULL' ? null : parse(value)
  }
  return readItems()
}
