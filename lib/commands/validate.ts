import type { ValidateOptions } from '../config/options.js'
import { readOptions } from '../config/read-options.js'
import { refuseProblems } from '../plan/compare.js'
import { findProblems } from '../plan/find-problems.js'
import { look } from './look.js'

/** What `validate()` returns when everything agrees. */
export interface ValidateReport {
  readonly command: 'validate'
  readonly server: string
  /** Number of applied and resolved migrations that were compared. */
  readonly checked: number
}

/**
 * Compares history with the files and reports every disagreement at once. As with Flyway, a pending migration is one.
 * Takes no lock and writes nothing.
 *
 * @throws SchemawayError `VALIDATION_FAILED` with all `details.problems`; about options, files and connection as
 *   `migrate()`.
 * @example
 * await validate({ url, modules: ['iam'] })
 */
export async function validate(options: ValidateOptions): Promise<ValidateReport> {
  const { comparison, server } = await look(await readOptions('validate', options))
  refuseProblems(findProblems(comparison.statuses, false))
  return { command: 'validate', server, checked: comparison.statuses.length }
}
