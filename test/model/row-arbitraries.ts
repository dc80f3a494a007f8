import fc from 'fast-check'
import { translatePattern } from '../../docs/generate/translate-pattern.js'
import type { Catalogue, Column, Table } from '../../lib/catalogue/read-catalogue.js'

/** A row as a program would hand it to postgres.js; columns may be missing. */
export type Candidate = Readonly<Record<string, unknown>>

/** Which columns of a table a value is good for, so that most rows are nearly right. */
type Accepts = (column: string, value: unknown) => boolean

const uuids = [
  '0190b7a0-0000-7000-8000-000000000001',
  '0190B7A0-FFFF-7ABC-8DEF-000000000001',
  '6f1e9d4c-3b5a-4c2d-9e8f-7a6b5c4d3e2f',
  '00000000-0000-0000-0000-000000000000',
  'ffffffff-ffff-ffff-ffff-ffffffffffff',
  '',
  'abc',
  '0190b7a0-0000-7000-8000-00000000000',
  '0190b7a0-0000-7000-8000-0000000000011',
  '0190b7a0-0000-7000-8000-00000000000g',
  '0190b7a0-0000-7000-8000-000000000001\n',
]
const zones = [
  ...['UTC', 'Europe/Rome', 'America/Argentina/Buenos_Aires', 'Etc/GMT+5', 'Etc/GMT-14', 'Etc/GMT-15', 'Etc/GMT+13'],
  ...['utc', 'europe/rome', 'Foo/Bar', 'Foo/Bar+5', 'FOO-5', 'GMT', 'Europe/Rome\n', 'Europe/', 'Etc/GMT0', 'CET'],
]
const texts = [
  'a',
  'abc',
  'ABC',
  '',
  ' ',
  ' a',
  'a ',
  'a\nb',
  'abc\n',
  'è',
  '😀',
  'a\u0000b',
  'a\ud800',
  'a_b-c.d',
  'null',
]
const addresses = [
  '127.0.0.1',
  '10.0.0.0/8',
  '::1',
  'fe80::1/64',
  '::ffff:1.2.3.4',
  '256.1.1.1',
  '1.2.3.4/33',
  '::1/129',
]
const numbers = [
  0, 1, -1, 2, 3, 5, 7, 100, 32767, 32768, -32768, -32769, 2147483647, 2147483648, -2147483648, 1.5, 1e21,
]
const unusualNumbers = [-0, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 5e-324, Number.MAX_VALUE]
const numerics = [
  ...['0', '1', '-1', '0.5', '.5', '5.', '+1', '1e0', '1E-7', '1.004', '1.005', '0.994', '0.995', '-0.004', '-0.005'],
  ...['9.994', '9.995', '999999.9999994', '999999.9999995', '999999', '1000000', '123456789012345678901234567890'],
  ...['NaN', 'Infinity', '-Infinity', '', ' ', 'abc', '1,5', '.', '-', 'e1', '1e', '--1', '0x', '1\n2'],
  ...[0, 1, 0.1, 0.995, -0.001, 1e21, 1e-7, Number.NaN, Number.POSITIVE_INFINITY, -1],
]
const instants = [
  ...['2026-01-05T10:00:00.000Z', '2026-01-05T10:00:00.001Z', '2020-02-29T23:59:59.999Z', '1999-12-31T00:00:00Z'],
  ...['0001-01-01T00:00:00.000Z', '0000-12-31T23:59:59.999Z', '-000044-03-15T00:00:00Z', '9999-12-31T23:59:59.999Z'],
  ...['+010000-01-01T00:00:00.000Z', '+275760-09-13T00:00:00.000Z', 'infinity', '2100-01-01T00:00:00Z'],
].map((text) => new Date(text))
const dates = [
  ...['2026-01-05', '2026-01-06', '2020-02-29', '1999-12-31', '0001-01-01', '9999-12-31', '2100-01-01'],
  ...['0000-01-01', '10000-01-01', '2026-13-01', '2026-00-10', '2026-01-32', 'infinity', '', 'abc'],
]
const times = [
  ...['00:00', '09:00', '09:00:00', '09:00:00.000001', '20:00:00', '23:59:59.999999', '24:00', '24:00:00'],
  ...['24:00:01', '25:00:00', '12:60', '12:00:61', '', 'abc', '-01:00'],
]

/** Values of the type of a column: good ones, those at its bounds, and bad ones. */
export function valuesOf(catalogue: Catalogue, table: Table, column: Column): fc.Arbitrary<unknown> {
  const { type } = column
  const domain = catalogue.domains.find(({ name }) => name === type)
  const conditions = [
    ...(domain?.checks ?? []),
    ...table.constraints
      .filter(({ kind, definition }) => kind === 'check' && new RegExp(`\\b${column.name}\\b`).test(definition))
      .map(({ definition }) => definition),
  ]
  const labels = catalogue.enums.find(({ name }) => name === type)?.labels
  if (labels !== undefined) {
    const good = fc.constantFrom(...labels)
    return fc.oneof(
      { weight: 9, arbitrary: good },
      {
        weight: 1,
        arbitrary: fc.constantFrom('', 'nothing', 'a\u0000', `${labels[0]} `, labels[0]?.toUpperCase() ?? ''),
      },
    )
  }
  const base = domain?.type ?? type
  if (base.endsWith('[]')) return arraysOf(base)
  const bounds = boundsIn(conditions)
  switch (base.replace(/\(.*/, '').replace('public.', '')) {
    case 'uuid':
      return fc.oneof(fc.constantFrom(...uuids), fc.uuid(), fc.uuid({ version: 7 }))
    case 'text':
    case 'citext':
      return textsFor(column.name, conditions, bounds)
    case 'smallint':
    case 'integer':
      return fc.oneof(
        fc.constantFrom(...numbers, ...bounds.flatMap((bound) => [bound - 1, bound, bound + 1])),
        fc.integer({ min: 0, max: 12 }),
        fc.constantFrom(...unusualNumbers),
      )
    case 'double precision':
      return fc.oneof(fc.constantFrom(...numbers, ...unusualNumbers), fc.double())
    case 'numeric':
      return fc.oneof(
        fc.constantFrom(...numerics),
        fc.double({ min: -1, max: 2, noNaN: true }).map(String),
        fc.double({ min: 0, max: 1e7, noNaN: true }),
      )
    case 'boolean':
      return fc.boolean()
    case 'timestamp with time zone':
      return fc.oneof(fc.constantFrom(...instants), fc.date({ min: new Date(0), max: new Date('2025-01-01') }))
    case 'date':
      return fc.constantFrom(...dates)
    case 'time without time zone':
      return fc.constantFrom(...times)
    case 'bytea':
      return fc.constantFrom(0, 1, 31, 32, 33).chain((size) => fc.uint8Array({ minLength: size, maxLength: size }))
    case 'jsonb':
      return fc.oneof(
        fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue({ stringUnit: 'binary' })),
        fc.constantFrom<unknown>({}, { a: { b: ['\u0000'] } }, { '\u0000': 1 }, { a: '\ud800' }, { '\udc00': 1 }),
        fc.constantFrom<unknown>([], [1], 'text', 5, true, { a: undefined }, { a: [null, 1e300, -0] }, { '': '😀' }),
      )
    case 'inet':
      return fc.oneof(
        fc.constantFrom(...addresses, '', 'abc', '1.2.3.4/', '1.2.3.4/x', '1.2.3.4/8/8', ':::'),
        fc.ipV4(),
        fc.ipV6(),
      )
    default:
      throw new Error(`There are no values for the type ${type} of ${table.name}.${column.name}.`)
  }
}

function arraysOf(type: string): fc.Arbitrary<unknown> {
  if (type === 'smallint[]') {
    return fc.oneof(fc.array(fc.integer({ min: 1, max: 7 })), fc.constantFrom([], [0], [8], [1.5], [70000], [1, 8]))
  }
  if (type !== 'text[]') throw new Error(`There are no values for the type ${type}.`)
  return fc.oneof(
    fc.array(fc.string({ unit: 'binary' }), { maxLength: 3 }),
    fc.constantFrom(
      [],
      ['a'],
      ['', ' ', 'null', 'NULL'],
      ['{', '}', ',', '"', '\\', "'"],
      ['a\u0000'],
      ['a', '\ud800'],
    ),
  )
}

/** Numbers that the conditions mention, except those in patterns. */
function boundsIn(conditions: readonly string[]): readonly number[] {
  const withoutTexts = conditions.map((condition) => condition.replace(/'(?:[^']|'')*'/g, ''))
  return withoutTexts.flatMap((condition) => [...condition.matchAll(/\b\d+\b/g)].map(([digits]) => Number(digits)))
}

function textsFor(name: string, conditions: readonly string[], bounds: readonly number[]): fc.Arbitrary<unknown> {
  const patterns = conditions.flatMap((condition) =>
    [...condition.matchAll(/~ '((?:[^']|'')*)'/g)].map(
      ([, pattern = '']) => new RegExp(translatePattern(pattern), 'u'),
    ),
  )
  const atBounds = bounds.flatMap((bound) =>
    [bound - 1, bound, bound + 1]
      .filter((count) => count >= 0)
      .flatMap((count) => ['a', '😀', 'è'].map((unit) => unit.repeat(count))),
  )
  const matching = patterns.map((pattern) => fc.stringMatching(pattern))
  return fc.oneof(
    fc.constantFrom(...texts, ...(name === 'timezone' ? zones : []), ...atBounds),
    fc.string({ unit: 'binary', maxLength: 20 }),
    ...matching,
    ...matching.flatMap((arbitrary) => [edited(arbitrary), edited(arbitrary)]),
    ...(name === 'email' || name === 'to_email'
      ? [
          fc.emailAddress(),
          fc.constantFrom('A.B@EXAMPLE.ORG', `${'a'.repeat(309)}@example.org`, `${'é'.repeat(308)}@example.org`),
        ]
      : []),
  )
}

/** Texts with one character more, less, or other than the ones given, most often at an end. */
function edited(texts: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const addition = fc.constantFrom('', '\n', ' ', 'A', 'a', '0', '.', '-', '_', '@', '+', '/', '😀', '\u0000')
  const place = fc.oneof(fc.constantFrom(0, 1), fc.double({ min: 0, max: 1, noNaN: true }))
  return fc.tuple(texts, place, fc.boolean(), addition).map(([text, fraction, isRemoved, added]) => {
    const characters = [...text]
    characters.splice(Math.round(fraction * characters.length), isRemoved ? 1 : 0, added)
    return characters.join('')
  })
}

/** Rows of a table: a third meant to be right, a third with one column changed, a third with some. */
export function rowsOf(
  catalogue: Catalogue,
  table: Table,
  seed: number,
  accepts: Accepts,
  acceptsRow: (row: Candidate) => boolean,
): fc.Arbitrary<Candidate> {
  const pools = new Map(
    table.columns.map((column) => {
      const nullable = fc.option(valuesOf(catalogue, table, column), { freq: column.nullable ? 2 : 12 })
      const all = fc.sample(nullable, { numRuns: 300, seed })
      return [column.name, { all, good: all.filter((value) => accepts(column.name, value)) }] as const
    }),
  )
  const names = table.columns.map(({ name }) => name)
  const optional = table.columns.filter((column) => column.nullable || column.default !== null).map(({ name }) => name)
  // Few sets of columns, so that the driver can use its prepared statements again.
  const sets = fc
    .sample(fc.subarray(optional), { numRuns: 5, seed })
    .map((leftOut) => names.filter((name) => !leftOut.includes(name)))
  const incomplete = names
    .filter((name) => !optional.includes(name))
    .map((missing) => names.filter((name) => name !== missing))
  const pick = (name: string, pool: 'all' | 'good'): fc.Arbitrary<unknown> => {
    const values = pools.get(name)?.[pool] ?? []
    if (values.length === 0) throw new Error(`No value for ${table.name}.${name} is good.`)
    return fc.constantFrom(...values)
  }
  const rowOf = (columns: readonly string[]): fc.Arbitrary<Candidate> =>
    fc.record(Object.fromEntries(columns.map((name) => [name, pick(name, 'good')])))
  const good = fc
    .constantFrom(...sets, names)
    .chain((columns) => fc.array(rowOf(columns), { minLength: 12, maxLength: 12 }))
    .map((candidates) => candidates.find(acceptsRow) ?? candidates[0] ?? {})
  const changed = good.chain((row) =>
    fc.constantFrom(...Object.keys(row)).chain((name) => pick(name, 'all').map((value) => ({ ...row, [name]: value }))),
  )
  const several = fc
    .constantFrom(...sets, names, ...incomplete)
    .chain((columns) =>
      rowOf(columns).chain((row) =>
        fc
          .tuple(fc.constantFrom(...columns), fc.constantFrom(...columns))
          .chain(([first, second]) =>
            fc.tuple(pick(first, 'all'), pick(second, 'all')).map(([a, b]) => ({ ...row, [first]: a, [second]: b })),
          ),
      ),
    )
  return fc.oneof(good, changed, several)
}
