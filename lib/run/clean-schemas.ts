import { SchemawayError } from '../errors/schemaway-error.js'
import { createLedgerSql, insertLedgerSql } from '../history/ledger-table.js'
import { quoteIdentifier } from '../history/quote-sql.js'
import type { CleanPlan } from '../plan/plan-clean.js'
import { describeClean } from '../plan/plan-clean.js'
import { throwIfAborted } from './abort.js'
import { describeBlocker } from './blockers.js'
import { findHistoryToDrop, findLockToDrop } from './find-history-to-drop.js'
import { findOutsideSql } from './find-outside.js'
import { ask, asOwner, listObjectsSql, type SchemaObject } from './list-objects.js'
import type { Run } from './open-run.js'
import { type FailureFacts, retryTransaction, type Send } from './retry-transaction.js'
import type { ServerError } from './server-error.js'
import { isBlocked } from './statement-error.js'
import { explainServerError } from './translate-error.js'

/** What a clean goes by besides its plan. */
export interface CleanFacts {
  /** Rows of history that go. */
  readonly historyRows: number
  /** What there is of history and ledger. */
  readonly tables: 'both' | 'history' | 'none'
}

/** Longest time that the server waits for this process while everything is locked, in milliseconds. */
const longestPause = 30_000

/**
 * What is in the schemas of a plan, for a preview. Nothing is locked.
 *
 * @throws SchemawayError `CLEAN_REFUSED`, and `MISSING_PRIVILEGE` about the history, where the clean would be.
 */
export async function previewClean(run: Run, plan: CleanPlan): Promise<readonly SchemaObject[]> {
  const { session, place, config } = run
  const send = async (text: string) => {
    throwIfAborted(config.signal, 'looking at what a clean would drop')
    try {
      // Names are then written in full, as in the list of what was dropped.
      return await session.send(`BEGIN READ ONLY; SET LOCAL search_path = pg_catalog; ${text}; COMMIT`)
    } catch (error) {
      if (!session.isLost) await session.send('ROLLBACK')
      throw error
    }
  }
  const history = await findHistoryToDrop(run, plan, send)
  const objects = await listObjects(plan, place, send)
  await refuseOutside(plan, { objects, history }, send)
  return objects
}

async function listObjects(plan: CleanPlan, place: Run['place'], send: Send): Promise<readonly SchemaObject[]> {
  const objects = await ask<SchemaObject>(send, listObjectsSql(namesOf(plan), place), 'objects')
  // An extension may be what other modules stand on, so it goes only when none is left.
  return objects.filter(({ kind }) => kind !== 'extension' || plan.history === 'table')
}

/**
 * Drops what a plan names, with its rows of history, in one transaction that tells the ledger. Whatever else the server
 * would take along is a reason to drop nothing.
 *
 * @param facts.historyRows how many rows of history go.
 * @param facts.tables what there is of history and ledger: beside a history a missing ledger is made; without either, nothing
 *   is told to anybody.
 * @throws SchemawayError `CLEAN_REFUSED` with `details.objects`; `STATEMENT_BLOCKED`, `MISSING_PRIVILEGE`,
 *   `STATEMENT_FAILED`, `ABORTED`, `CONNECTION_LOST`.
 */
export async function cleanSchemas(run: Run, plan: CleanPlan, facts: CleanFacts): Promise<readonly SchemaObject[]> {
  const explain = (error: ServerError, failure: FailureFacts): SchemawayError => explainClean(run, error, failure)
  const options = { retries: run.config.lockRetries, doing: 'cleaning', explain }
  const { objects, hash } = await retryTransaction(run, options, async (send) => {
    // Were this process to stop in between, everybody who reads what is locked would stop too.
    await send(`SET LOCAL search_path = pg_catalog; SET LOCAL idle_in_transaction_session_timeout = ${longestPause}`)
    const history = await findHistoryToDrop(run, plan, send)
    // Locked first, so that nobody builds on a table between the look at what depends on it and its end.
    await lockTables(await listObjects(plan, run.place, send), send)
    const objects = await listObjects(plan, run.place, send)
    await refuseOutside(plan, { objects, history }, send)
    await drop(plan, objects, send)
    const lock = await findLockToDrop(run, plan, send)
    const hash = await record(run, plan, { ...facts, objects, forgotten: [history, lock] }, send)
    return { objects, hash }
  })
  run.ledgerHash = hash
  run.emit({ type: 'cleaned', modules: plan.modules.map(({ name }) => name), objects: objects.length })
  return objects
}

/** A view is not locked by itself: with it the server would lock every table that it reads, also those that stay. */
async function lockTables(objects: readonly SchemaObject[], send: Send): Promise<void> {
  const tables = objects.filter(({ kind }) => kind === 'table')
  const own = tables.filter(({ mayDrop }) => mayDrop).map(({ reference }) => reference)
  const lock = (names: string): string => `LOCK TABLE ${names} IN ACCESS EXCLUSIVE MODE`
  const statements = [
    ...(own.length === 0 ? [] : [lock(own.join(', '))]),
    ...tables.filter(({ mayDrop }) => !mayDrop).map((one) => asOwner(one, lock(one.reference))),
  ]
  if (statements.length > 0) await send(statements.join(';\n'))
}

/** @throws SchemawayError `CLEAN_REFUSED`. */
async function refuseOutside(
  plan: CleanPlan,
  { objects, history }: { readonly objects: readonly SchemaObject[]; readonly history: SchemaObject | null },
  send: Send,
): Promise<void> {
  if (plan.schemas.length === 0 && history === null) return
  const schemas = { schemas: namesOf(plan), whole: wholeSchemas(plan) }
  const outside = await ask<string>(send, findOutsideSql(objects, history, schemas), 'names')
  if (outside.length > 0) throw refused(outside)
}

async function drop(plan: CleanPlan, objects: readonly SchemaObject[], send: Send): Promise<void> {
  if (plan.schemas.length === 0) return
  const existing = await ask<{ readonly name: string; readonly owner: string; readonly mayDrop: boolean }>(
    send,
    `SELECT coalesce(json_agg(json_build_object('name', n.nspname, 'owner', pg_get_userbyid(n.nspowner), ` +
      `'mayDrop', pg_has_role(current_user, n.nspowner, 'USAGE'))), '[]')::text AS schemas FROM pg_namespace AS n`,
    'schemas',
  )
  const whole = wholeSchemas(plan)
  const statements = [
    ...objects
      .filter((one) => !whole.includes(one.schema) || one.kind === 'extension')
      .map((one) => asOwner(one, dropStatement(one))),
    ...existing
      .filter((one) => whole.includes(one.name))
      .map((one) => asOwner(one, `DROP SCHEMA ${quoteIdentifier(one.name)} CASCADE`)),
  ]
  if (statements.length > 0) await send(statements.join(';\n'))
}

function wholeSchemas({ schemas }: CleanPlan): readonly string[] {
  return schemas.filter((one) => one.isDropped).map((one) => one.name)
}

function dropStatement({ kind, reference }: SchemaObject): string {
  return `DROP ${kind.toUpperCase()} IF EXISTS ${reference} CASCADE`
}

/** History and ledger, in the same transaction. The ledger stays, whatever goes. */
async function record(
  run: Run,
  plan: CleanPlan,
  cleaned: CleanFacts & {
    readonly objects: readonly SchemaObject[]
    /** Tables of our own that go. */
    readonly forgotten: readonly (SchemaObject | null)[]
  },
  send: Send,
): Promise<string | null> {
  const { place, historyRole } = run
  const { tables, forgotten } = cleaned
  const entries = plan.modules.map(({ name, schemas }) => {
    const objects = cleaned.objects.filter(({ schema }) => schemas.includes(schema)).map(nameObject)
    return run.completeEntry(describeClean(name, { schemas, objects, historyRows: cleaned.historyRows }))
  })
  const ledger = tables === 'none' ? null : insertLedgerSql(place, entries, run.ledgerHash, null)
  const statements = [
    ...(tables === 'history' ? [createLedgerSql(place)] : []),
    ...(plan.history === 'table' || plan.history.length === 0
      ? []
      : [`DELETE FROM ${place.history} WHERE installed_rank IN (${plan.history.join(', ')})`]),
    ...(ledger === null ? [] : [ledger.sql]),
  ]
  const role = historyRole === null ? [] : [`SET LOCAL ROLE ${quoteIdentifier(historyRole)}`]
  // The role that writes history and the one that drops it need not be the same.
  const reset = historyRole === null ? [] : ['RESET ROLE']
  const drops = forgotten.flatMap((one) => (one === null ? [] : [asOwner(one, `DROP TABLE ${one.reference}`)]))
  const last = drops.length === 0 ? [] : [...reset, ...drops]
  if (statements.length + last.length > 0) await send([...role, ...statements, ...last].join(';\n'))
  return ledger?.hash ?? null
}

function namesOf({ schemas }: CleanPlan): readonly string[] {
  // A list is never empty in SQL; no schema has this name.
  return schemas.length === 0 ? [''] : schemas.map((one) => one.name)
}

/** How errors, ledger and report name an object. */
export function nameObject({ kind, schema, name }: SchemaObject): string {
  return kind === 'extension' ? `extension ${name}` : `${kind} ${schema}.${name}`
}

function refused(gone: readonly string[]): SchemawayError {
  return new SchemawayError(
    'CLEAN_REFUSED',
    `This clean would also drop ${gone.slice(0, 10).join(', ')}${gone.length > 10 ? ` and ${gone.length - 10} more` : ''}, ` +
      'which belongs to no selected module. Drop that yourself, or select the module it belongs to. Nothing was changed.',
    { details: { objects: gone } },
  )
}

function explainClean(run: Run, error: ServerError, { blockers, attempts }: FailureFacts): SchemawayError {
  const { session, config } = run
  if (isBlocked(error)) {
    const who =
      blockers.length === 0
        ? 'The session that held it was gone before it could be asked.'
        : `It waited for ${blockers.map(describeBlocker).join('; ')}.`
    return new SchemawayError(
      'STATEMENT_BLOCKED',
      `Cleaning did not get a lock within \`lockTimeout\` (${config.lockTimeout} ms) in ` +
        `${attempts === 1 ? 'its only attempt' : `any of ${attempts} attempts`}. ${who} Nothing was changed. Run again when ` +
        'that session is done.',
      { details: { server: session.display, sqlState: error.sqlState, blockers }, cause: error },
    )
  }
  if (error.sqlState === '42501') {
    return new SchemawayError(
      'MISSING_PRIVILEGE',
      `While cleaning, ${session.display} answered ${error.serverMessage}. Clean with a login that owns what is to go, or is a ` +
        'member of the role that does. Nothing was changed.',
      {
        details: { server: session.display, sqlState: error.sqlState, serverMessage: error.serverMessage },
        cause: error,
      },
    )
  }
  return explainServerError(error, 'cleaning', session.display)
}
