import type { Sql, TransactionSql } from 'postgres'
import { defaultRoleNames } from './role-names.js'
import { runInTransaction } from './run-in-transaction.js'
import { requireClient, writeWorkerSettings } from './tenant-context.js'

export interface WorkerOptions {
  /** Name of the worker role. Default: `schemaway_worker`. The login must be a member of it. */
  readonly role?: string
}

/**
 * Runs a callback in a transaction that works for all organisations: as the worker role, and for no organisation and no
 * user in particular. It is for background work such as claiming queued rows, finding a login, and partition upkeep.
 *
 * Work for one organisation with the rights of the worker is
 * `withOrganisation(sql, { organisationId, role: 'schemaway_worker' }, ...)`; functions that ask for the current
 * organisation, such as `iam.log_audit_event()`, need that form. In all else this is the twin of
 * {@link withOrganisation}, also in what it says about nesting and about queries after the end.
 *
 * @param sql the caller's postgres.js client, from `postgres()`
 * @param callback receives the transaction and returns a promise; when it rejects, the transaction is rolled back
 * @returns what the callback returns, once the transaction is committed
 * @throws SchemawayError `INVALID_OPTIONS` before anything is sent, `CONNECTION_LOST`, `TRANSACTION_ESCAPED`. Errors of
 * the callback and of the server pass through unchanged; among them 42501 when the login may not become the worker
 * @example
 * const memberships = await withWorker(
 *   sql,
 *   async (transaction) => await transaction`SELECT * FROM iam.resolve_login(${issuer}, ${subject})`,
 * )
 */
export async function withWorker<Result, Types extends Record<string, unknown>>(
  sql: Sql<Types>,
  callback: (transaction: TransactionSql<Types>) => Promise<Result>,
  options: WorkerOptions = {},
): Promise<Result> {
  const settings = writeWorkerSettings(options, defaultRoleNames.worker)
  return await runInTransaction(requireClient('withWorker', sql), settings, callback)
}
