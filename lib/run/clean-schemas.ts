import { SchemawayError } from '../errors/schemaway-error.js'
import { lockTable } from '../history/history-row.js'
import { createLedgerSql, insertLedgerSql } from '../history/ledger-table.js'
import { quoteIdentifier, quoteLiteral } from '../history/quote-sql.js'
import type { CleanPlan } from '../plan/plan-clean.js'
import { describeClean } from '../plan/plan-clean.js'
import { describeBlocker } from './blockers.js'
import { findOutsideSql } from './find-outside.js'
import { listObjectsSql, type SchemaObject } from './list-objects.js'
import type { Run } from './open-run.js'
import { type FailureFacts, retryTransaction, type Send } from './retry-transaction.js'
import { hasSetOption, rightToSetRole } from './right-to-set-role.js'
import type { ServerError } from './server-error.js'
import type { Session } from './session.js'
import { isBlocked } from './statement-error.js'
import { explainServerError } from './translate-error.js'

/** What a clean dropped, or would drop. */
export interface Cleaned {
  readonly objects: readonly SchemaObject[]
  /** Rows of history that went. */
  readonly historyRows: number
}

/** Longest time that the server waits for this process while everything is locked, in milliseconds. */
const longestPause = 30_000

interface HistoryOwner {
  readonly owner: string
  readonly isSuperuser: boolean
  /** Whether the login may drop the history as it is. */
  readonly mayDrop: boolean
  readonly mayBecome: boolean
  /** Whether a membership in this server says by itself whether it allows SET ROLE. */
  readonly hasSetOption: boolean
}

/**
 * What is in the schemas of a plan, for a preview. Nothing is locked.
 *
 * @throws SchemawayError `CLEAN_REFUSED` where the clean would be.
 */
export async function previewClean(
  session: Session,
  plan: CleanPlan,
  place: Run['place'],
): Promise<readonly SchemaObject[]> {
  // Names are then written in full, as in the list of what was dropped.
  const send = async (text: string) => {
    try {
      return await session.send(`BEGIN READ ONLY; SET LOCAL search_path = pg_catalog; ${text}; COMMIT`)
    } catch (error) {
      if (!session.isLost) await session.send('ROLLBACK')
      throw error
    }
  }
  const objects = await listObjects(plan, place, send)
  await refuseOutside(plan, objects, send)
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
export async function cleanSchemas(
  run: Run,
  plan: CleanPlan,
  facts: { readonly historyRows: number; readonly tables: 'both' | 'history' | 'none' },
): Promise<Cleaned> {
  const { historyRows } = facts
  const explain = (error: ServerError, failure: FailureFacts): SchemawayError => explainClean(run, error, failure)
  const options = { retries: run.config.lockRetries, doing: 'cleaning', explain }
  const { objects, hash } = await retryTransaction(run, options, async (send) => {
    // Were this process to stop in between, everybody who reads what is locked would stop too.
    await send(`SET LOCAL search_path = pg_catalog; SET LOCAL idle_in_transaction_session_timeout = ${longestPause}`)
    const forgetting = await planForgetting(run, plan, send)
    // Locked first, so that nobody builds on a table between the look at what depends on it and its end.
    await lockTables(await listObjects(plan, run.place, send), send)
    const objects = await listObjects(plan, run.place, send)
    await refuseOutside(plan, objects, send)
    await drop(plan, objects, send)
    const hash = await record(run, plan, { objects, ...facts, forgetting }, send)
    return { objects, hash }
  })
  run.ledgerHash = hash
  run.emit({ type: 'cleaned', modules: plan.modules.map(({ name }) => name), objects: objects.length })
  return { objects, historyRows }
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
async function refuseOutside(plan: CleanPlan, objects: readonly SchemaObject[], send: Send): Promise<void> {
  if (plan.schemas.length === 0) return
  const schemas = { schemas: namesOf(plan), whole: wholeSchemas(plan) }
  const outside = await ask<string>(send, findOutsideSql(objects, schemas), 'names')
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

/** An object of the owner role is dropped by that role, when the login is a member that does not inherit its rights. */
function asOwner({ owner, mayDrop }: { readonly owner: string; readonly mayDrop: boolean }, statement: string): string {
  return mayDrop ? statement : `SET LOCAL ROLE ${quoteIdentifier(owner)};\n${statement};\nRESET ROLE`
}

/** History and ledger, in the same transaction. The ledger stays, whatever goes. */
async function record(
  run: Run,
  plan: CleanPlan,
  cleaned: Cleaned & { readonly tables: 'both' | 'history' | 'none'; readonly forgetting: readonly string[] },
  send: Send,
): Promise<string | null> {
  const { place, historyRole } = run
  const entries = plan.modules.map(({ name, schemas }) => {
    const objects = cleaned.objects.filter(({ schema }) => schemas.includes(schema)).map(nameObject)
    return run.completeEntry(describeClean(name, { schemas, objects, historyRows: cleaned.historyRows }))
  })
  const { tables } = cleaned
  const ledger = tables === 'none' ? null : insertLedgerSql(place, entries, run.ledgerHash, null)
  const role = historyRole === null ? [] : [`SET LOCAL ROLE ${quoteIdentifier(historyRole)}`]
  const statements = [
    ...(tables === 'history' ? [createLedgerSql(place)] : []),
    ...(plan.history === 'table' ? [] : cleaned.forgetting),
    ...(ledger === null ? [] : [ledger.sql]),
  ]
  // The role that writes history and the one that drops it need not be the same.
  const reset = historyRole === null ? [] : ['RESET ROLE']
  const last = plan.history === 'table' ? [...reset, ...cleaned.forgetting] : []
  if (statements.length + last.length > 0) await send([...role, ...statements, ...last].join(';\n'))
  return ledger?.hash ?? null
}

/**
 * What takes the rows out of history. A history of which nothing is left is dropped: empty, it would make content of
 * others look like our own.
 *
 * @throws SchemawayError `MISSING_PRIVILEGE` when the login can neither drop it nor become the role that owns it.
 */
async function planForgetting(run: Run, { history }: CleanPlan, send: Send): Promise<readonly string[]> {
  const { place, config } = run
  if (history !== 'table') {
    return history.length === 0 ? [] : [`DELETE FROM ${place.history} WHERE installed_rank IN (${history.join(', ')})`]
  }
  const found = await findOwner(send, config.historySchema, config.table)
  const lock = await findOwner(send, config.historySchema, lockTable)
  const mayDropLock = lock !== undefined && (lock.mayDrop || lock.mayBecome) && !(await isLockUsed(run, lock, send))
  const lockDrop = mayDropLock ? [asOwner(lock, `DROP TABLE ${place.lock}`)] : []
  if (found === undefined) return [`DROP TABLE ${place.history}`, ...lockDrop]
  if (!found.mayDrop && !found.mayBecome) throw notOwner(run, found)
  return [asOwner(found, `DROP TABLE ${place.history}`), ...lockDrop]
}

/** The table of locks is one for all histories of a schema. */
async function isLockUsed({ place }: Run, owner: HistoryOwner, send: Send): Promise<boolean> {
  const sql = `SELECT coalesce(json_agg(history), '[]')::text AS others FROM ${place.lock} WHERE history <> ${quoteLiteral(place.history)}`
  if (owner.mayDrop) return (await ask<string>(send, sql, 'others')).length > 0
  const others = await ask<string>(send, `SET LOCAL ROLE ${quoteIdentifier(owner.owner)}; ${sql}; RESET ROLE`, 'others')
  return others.length > 0
}

/** Who may write a table need not own it. By name, because a cast to regclass needs a right on the schema. */
async function findOwner(send: Send, schema: string, table: string): Promise<HistoryOwner | undefined> {
  const [found] = await ask<HistoryOwner>(
    send,
    `SELECT json_build_array(json_build_object('owner', o.rolname, 'isSuperuser', o.rolsuper, 'mayDrop', ` +
      `pg_has_role(current_user, c.relowner, 'USAGE') OR pg_has_role(current_user, n.nspowner, 'USAGE'), ` +
      `'hasSetOption', ${hasSetOption}, 'mayBecome', ` +
      `pg_has_role(session_user, c.relowner, ${rightToSetRole})))::text AS owners ` +
      `FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace JOIN pg_roles AS o ON o.oid = c.relowner ` +
      `WHERE n.nspname = ${quoteLiteral(schema)} AND c.relname = ${quoteLiteral(table)}`,
    'owners',
  )
  return found
}

function notOwner({ login, place, session }: Run, { owner, isSuperuser, hasSetOption }: HistoryOwner): SchemawayError {
  const [table, role, member] = [place.history, quoteIdentifier(owner), quoteIdentifier(login)]
  // Membership in a superuser would hand out the whole server.
  const remedy = isSuperuser
    ? `ALTER TABLE ${table} OWNER TO ${member};`
    : `GRANT ${role} TO ${member}${hasSetOption ? ' WITH SET TRUE' : ''};`
  return new SchemawayError(
    'MISSING_PRIVILEGE',
    `Nothing would be left that the history ${table} of ${session.display} speaks of, so it has to go too, but ${login} ` +
      `cannot become its owner ${owner}. Clean as ${owner}, or let an administrator run: ${remedy} Nothing was changed.`,
    { details: { server: session.display, objects: [`table ${table}`] } },
  )
}

function namesOf({ schemas }: CleanPlan): readonly string[] {
  // A list is never empty in SQL; no schema has this name.
  return schemas.length === 0 ? [''] : schemas.map((one) => one.name)
}

/** How errors, ledger and report name an object. */
export function nameObject({ kind, schema, name }: SchemaObject): string {
  return kind === 'extension' ? `extension ${name}` : `${kind} ${schema}.${name}`
}

async function ask<Item>(send: Send, sql: string, column: string): Promise<readonly Item[]> {
  const { lastRows } = await send(sql)
  return JSON.parse(String(lastRows[0]?.[column] ?? '[]')) as Item[]
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
