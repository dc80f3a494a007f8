import type { Table } from '../../lib/catalogue/read-catalogue.js'
import type { Candidate } from './row-arbitraries.js'

/** Why the database does not take values. */
export interface Refusal {
  readonly code: string
  readonly message: string
  /** Empty where there is none. */
  readonly constraint: string
}

/** Values that a schema and the database judge otherwise. */
export interface Difference {
  readonly table: Table
  /** The row to insert, or the columns to change. */
  readonly values: Candidate
  readonly operation: 'insert' | 'update'
  /** Null when the database takes the values, and the schema does not. */
  readonly refusal: Refusal | null
}

/** Values for columns of a stored row on which the update schema and the database differ. */
interface Example {
  readonly table: string
  readonly change: Candidate
  /** The same from this major version of the server on. Default: 15 */
  readonly since?: number
}

interface ExceptionRule {
  /** Whether a difference that the drawn rows bring is this exception. Default: they never bring it. */
  readonly covers?: (difference: Difference) => boolean
  /** Values that show that there is such a difference. */
  readonly examples: readonly Example[]
}

const example = (table: string, column: string, value: unknown): Example => ({ table, change: { [column]: value } })
const hasText = ({ values }: Difference, columns: readonly string[], isMeant: (text: string) => boolean): boolean =>
  columns.some((column) => {
    const value = values[column]
    return typeof value === 'string' && isMeant(value)
  })
const beyondAscii = (text: string): string => text.replace(/[\0-\x7f]/g, '')

/** A text of four bytes for each character, in which hardly any bytes come again: an index compresses what it holds. */
const incompressible = (length: number): string =>
  Array.from({ length }, (_, index) => String.fromCodePoint(0x10000 + ((index * 610_639) % 0x100000))).join('')

/** What stands behind each entry of `schemaExceptions`, by its id. */
export const exceptionRules: Readonly<Record<string, ExceptionRule>> = {
  notation: {
    examples: [
      example('survey.contacts', 'id', '{0190b7a0-0000-7000-8000-000000000001}'),
      example('survey.contacts', 'id', '0190b7a0000070008000000000000001'),
      example('survey.campaigns', 'allowed_call_start_local', '9:00 AM'),
      example('survey.campaigns', 'allowed_call_start_local', '09:00:60'),
      example('survey.campaigns', 'allowed_call_start_local', '09:00:00.1234567'),
      example('telephony.transcript_snippets', 'confidence', ' 1 '),
      { ...example('telephony.transcript_snippets', 'confidence', '0.2_5'), since: 16 },
      { ...example('telephony.transcript_snippets', 'confidence', '0x1'), since: 16 },
      example('telephony.transcript_snippets', 'confidence', '1e-1000'),
      example('iam.audit_logs', 'ip_address', '010.000.000.001'),
      example('telephony.compliance_rules', 'valid_from', '2026-1-5'),
    ],
  },
  'missing-day': { examples: [example('telephony.compliance_rules', 'valid_from', '2020-02-30')] },
  'array-element': {
    examples: [
      example('telephony.agents', 'capabilities', ['a', null]),
      example('telephony.agents', 'capabilities', [['a'], ['b']]),
    ],
  },
  'json-change': {
    examples: [
      { a: Number.NaN },
      { a: Number.POSITIVE_INFINITY },
      { a: () => 1 },
      { a: new Map() },
      { a: new Date(0) },
      { a: [undefined] },
    ].map((value) => example('survey.contacts', 'attributes', value)),
  },
  // The lists agree as far as test/schemas/check-functions.test.ts knows.
  'timezone-list': { examples: [] },
  // None that differs in every locale.
  'email-white-space': {
    covers: (difference) =>
      difference.refusal?.constraint === 'ck_email' &&
      hasText(difference, ['email', 'to_email'], (text) => /\p{White_Space}/u.test(beyondAscii(text))),
    examples: [],
  },
  'address-case': {
    covers: (difference) =>
      difference.refusal?.constraint === 'ck_opt_outs_address' &&
      hasText(difference, ['address'], (text) => beyondAscii(text) !== beyondAscii(text).toLowerCase()),
    examples: [],
  },
  // None that differs at every hour. Instants that are drawn are far from now.
  clock: { examples: [] },
  // It is about a column that is left out, which an update cannot show; the test itself does.
  organisation: { examples: [] },
  'index-size': {
    examples: [
      { table: 'iam.users', change: { oidc_issuer: incompressible(500), oidc_sub: incompressible(255) } },
      example('iam.audit_logs', 'actor_id', incompressible(700)),
    ],
  },
  'partial-update': {
    covers: ({ table, values, operation, refusal }) => {
      const columns = columnsOf(table, refusal?.constraint ?? '')
      return operation === 'update' && columns.length > 1 && !columns.every((column) => column in values)
    },
    examples: [example('iam.users', 'oidc_sub', null)],
  },
}

/** Columns that a CHECK constraint compares. None when the table has no such constraint. */
export function columnsOf({ constraints, columns }: Table, constraint: string): readonly string[] {
  const found = constraints.find(({ name, kind }) => name === constraint && kind === 'check')
  if (found === undefined) return []
  return columns.map(({ name }) => name).filter((name) => mentions(found.definition, name))
}

function mentions(definition: string, column: string): boolean {
  return new RegExp(`(?<![\\w'.:])"?${column}"?(?![\\w'(])`).test(definition)
}
