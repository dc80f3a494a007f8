import type { Sql, TransactionSql } from 'postgres'
import { runInTransaction } from './run-in-transaction.js'
import { requireClient, type TenantContext, writeTenantSettings } from './tenant-context.js'

/**
 * Runs a callback in a transaction that works for one organisation.
 *
 * The transaction begins with `SET LOCAL app.organisation_id`, `app.user_id` and, when asked for, `SET LOCAL ROLE`, so
 * the row-level security of the bundled model shows the rows of that organisation and accepts no others. All of it ends
 * with the transaction: the pooled connection is as empty afterwards as before. It works through a pooler in transaction
 * mode, and costs no more round trips than `sql.begin()`: the settings travel with BEGIN.
 *
 * Row-level security guards against a forgotten condition. It does not guard against SQL injection: who can send SQL can
 * send `SET LOCAL app.organisation_id` as well.
 *
 * Every query has to go through the `transaction` that the callback receives, and has to be awaited in it. When the
 * connection breaks, the returned promise rejects with the driver's error, and what a callback that still runs sends
 * through `transaction` is refused with `CONNECTION_LOST`; a query after the end is refused with `TRANSACTION_ESCAPED`.
 *
 * Nesting: `transaction.savepoint()` makes a part that can fail alone. A second `withOrganisation(sql, ...)` inside the
 * callback is an independent transaction on another connection of the pool; it neither sees what the first has not yet
 * committed nor is undone with it, and in a pool of one connection it waits for ever. The organisation of a transaction
 * is not to be changed.
 *
 * @param sql the caller's postgres.js client, from `postgres()`
 * @param context organisation, and optionally user and role; both ids are checked to be uuids
 * @param callback receives the transaction and returns a promise; when it rejects, the transaction is rolled back
 * @returns what the callback returns, once the transaction is committed
 * @throws SchemawayError `INVALID_OPTIONS` before anything is sent, `CONNECTION_LOST`, `TRANSACTION_ESCAPED`. Errors of
 * the callback and of the server pass through unchanged; among them 42501 when the login may not become `role`
 * @example
 * const names = await withOrganisation(
 *   sql,
 *   { organisationId, userId, role: 'schemaway_app' },
 *   async (transaction) => await transaction`SELECT name FROM iam.v_organisation_members`,
 * )
 */
export async function withOrganisation<Result, Types extends Record<string, unknown>>(
  sql: Sql<Types>,
  context: TenantContext,
  callback: (transaction: TransactionSql<Types>) => Promise<Result>,
): Promise<Result> {
  const settings = writeTenantSettings(context)
  return await runInTransaction(requireClient('withOrganisation', sql), settings, callback)
}
