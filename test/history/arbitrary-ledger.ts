import fc from 'fast-check'
import { hashEntry, type LedgerEntry, type LedgerRow } from '../../lib/history/ledger-entry.js'

/** Text as PostgreSQL can hold it, with what breaks quoting, JSON and line ends more often than by chance. */
const text = fc.oneof(
  fc.string({ unit: 'binary' }).map((value) => value.replaceAll('\0', '')),
  fc.string({
    unit: fc.constantFrom("'", '"', '\\', '\r', '\n', '\t', '${', '}', ',', '{', 'NULL', '🚀', '\u2028', 'é'),
  }),
  fc.constantFrom('', 'NULL', '{}', '[]', 'null', '\\', "'", "\\'", 'a\r\nb', '\ufeff', '\ufffe', 'DROP TABLE t;\r\n'),
)
const optionalText = fc.option(text, { nil: null })
const texts = fc.array(text, { maxLength: 3 })
const integer = fc.integer({ min: -2_147_483_648, max: 2_147_483_647 })

export const arbitraryEntry: fc.Arbitrary<LedgerEntry> = fc.record(
  {
    run: fc.uuid(),
    event: fc.constantFrom('applied', 'adopted', 'undone', 'dropped', 'failed', 'baselined', 'repaired', 'cleaned'),
    module: text,
    moduleRequires: texts,
    kind: text,
    version: optionalText,
    description: text,
    script: text,
    installedRank: fc.option(integer, { nil: null }),
    checksum: fc.option(integer, { nil: null }),
    sha256: optionalText,
    undoScript: optionalText,
    undoText: optionalText,
    placeholders: texts,
    error: fc.option(
      text.map((message) => JSON.stringify({ code: 'STATEMENT_FAILED', message, line: undefined })),
      { nil: null },
    ),
    details: fc.option(
      text.map((description) => JSON.stringify({ action: 'align', before: { description } })),
      { nil: null },
    ),
    login: text,
    client: text,
    toolVersion: text,
  },
  { noNullPrototype: true },
)

/** An entry of no particular kind. */
export const entry: LedgerEntry = {
  run: '8a1e2f64-0a4b-4c53-9a8e-3c1d2b7f0e11',
  event: 'applied',
  module: 'iam',
  moduleRequires: [],
  kind: 'versioned',
  version: '1',
  description: 'one',
  script: 'iam/V1__one.sql',
  installedRank: 1,
  checksum: null,
  sha256: null,
  undoScript: null,
  undoText: null,
  placeholders: [],
  error: null,
  login: 'app',
  client: 'schemaway@host:1',
  toolVersion: '0.1.0',
}

/** The rows that entries become when each follows the one before it. */
export function chain(entries: readonly LedgerEntry[]): readonly LedgerRow[] {
  let previousHash: string | null = null
  return entries.map((entry, index) => {
    const hash = hashEntry(entry, previousHash)
    const row: LedgerRow = {
      ...entry,
      id: index + 1,
      occurredAt: '2026-01-05T10:00:00.000Z',
      executionTime: index,
      hash,
    }
    previousHash = hash
    return row
  })
}
