import type { SchemawayError } from '../../lib/index.js'

/**
 * Codes of Flyway by the codes of ours that stand for the same. Flyway calls most of its errors `ERROR`, so which of ours
 * a step ends with is recorded in its `ours.json`. Whatever stands in neither is a difference.
 */
export const sameCodes: Readonly<Record<string, string>> = {
  VALIDATION_FAILED: 'VALIDATE_ERROR',
  SCHEMA_NOT_EMPTY: 'NON_EMPTY_SCHEMA_WITHOUT_SCHEMA_HISTORY_TABLE',
  STATEMENT_FAILED: 'ERROR',
  INVALID_OPTIONS: 'ERROR',
  MIGRATION_NOT_FOUND: 'ERROR',
  UNKNOWN_PLACEHOLDER: 'ERROR',
  INVALID_SCRIPT: 'ERROR',
  INVALID_SCRIPT_NAMES: 'ERROR',
  UNREADABLE_DIRECTORY: 'ERROR',
  BASELINE_REFUSED: 'ERROR',
  CLEAN_DISABLED: 'ERROR',
}

/** An error of ours in Flyway's words; its own code where Flyway has none. */
export function inWordsOfFlyway({ code, details }: SchemawayError): string {
  if (details.script?.endsWith('.conf') === true) return 'CONFIGURATION'
  const duplicate = details.problems?.find(({ kind }) => kind.startsWith('DUPLICATE_'))
  return duplicate?.kind ?? sameCodes[code] ?? code
}
