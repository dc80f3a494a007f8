import fc from 'fast-check'
import type { OptionKind } from '../../lib/config/option-kind.js'
import { type OptionName, optionNames, optionTable } from '../../lib/config/option-table.js'
import { defineModule } from '../../lib/modules/define-module.js'

const client = Object.assign(() => {}, { options: {} })
const billing = defineModule({ name: 'billing', directory: '/sql/billing' })
const text = fc.oneof(
  fc.constantFrom('', 'a', 'x\0y', '\ud800', 'é'.repeat(30), 'x'.repeat(63), 'iam', 'file:///a', 'empty'),
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)) }),
)
const anything = fc.oneof(
  fc.anything({ withMap: true, withSet: true, withNullPrototype: true, withDate: true, withBigInt: true }),
  fc.constantFrom(
    new URL('postgres://h/d'),
    new URL('file:///srv/sql/'),
    new AbortController().signal,
    client,
    billing,
    () => {},
    Symbol('s'),
    new (class Point {
      x = 'y'
    })(),
    Object.create({ inherited: 'yes' }),
  ),
)

/** Values near what a kind takes: right ones, and ones that are wrong in a single point. */
function near(kind: OptionKind): fc.Arbitrary<unknown> {
  switch (kind.type) {
    case 'integer':
      return fc.oneof(
        fc.constantFrom(kind.minimum, kind.maximum, kind.minimum - 1, kind.maximum + 1, Number.NaN, -0, '1'),
        fc.double(),
        fc.integer(),
      )
    case 'choice':
      return fc.oneof(fc.constantFrom(...kind.values, ['each'], 'EACH'), text)
    case 'encoding':
      return fc.oneof(
        fc.constantFrom<unknown>(...kind.values, 'UTF-8', 'latin1', 'Cp1252', 'utf-9', 'us-ascii', ['utf-8']),
        text,
      )
    case 'boolean':
      return fc.constantFrom<unknown>(true, false, 'true', 0)
    case 'roles':
      return fc.dictionary(
        fc.constantFrom('owner', 'app', 'worker', 'readonly', 'ownr', 'constructor'),
        fc.oneof(fc.constantFrom('acme', 'pg_x', 'public', 'x'.repeat(64), 'Acme', undefined), text),
      )
    case 'hooks':
      return fc.dictionary(
        fc.constantFrom('beforeMigrate', 'afterEachUndo', 'beforeConnect', 'beforeMigrat', 'constructor'),
        fc.oneof(
          fc.constantFrom<unknown>(() => {}, undefined, 'x'),
          anything,
        ),
      )
    case 'retention':
      return fc.dictionary(
        fc.constantFrom('iam.audit_logs', 'a'),
        fc.oneof(
          fc.record({ months: fc.oneof(fc.integer({ min: -1, max: 1_201 }), anything) }),
          fc.constantFrom<unknown>({}, { months: 1, weeks: 2 }, 12, null),
          anything,
        ),
      )
    case 'list':
      return fc.array(fc.string({ minLength: 1, maxLength: 8 }), { maxLength: 3 })
    case 'texts':
      return fc.dictionary(text, fc.oneof(text, anything))
    case 'modules':
    case 'locations':
      return fc.oneof(text, fc.array(fc.oneof(text, anything)))
    default:
      return text
  }
}

const arbitraryOption: fc.Arbitrary<readonly [OptionName, unknown]> = fc
  .constantFrom(...optionNames)
  .chain((name) =>
    fc.tuple(fc.constant(name), fc.oneof(near(optionTable[name].kind), anything, fc.constant(undefined))),
  )

/** One option of every kind, right or wrong. */
export const arbitrarySingleOption: fc.Arbitrary<Record<string, unknown>> = arbitraryOption.map(([name, value]) => ({
  [name]: value,
}))

/** Any argument that somebody may call a command with. */
export const arbitraryArgument: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 8, arbitrary: fc.array(arbitraryOption, { maxLength: 4 }).map((entries) => Object.fromEntries(entries)) },
  { weight: 2, arbitrary: fc.dictionary(text, anything) },
  { weight: 1, arbitrary: anything },
)
