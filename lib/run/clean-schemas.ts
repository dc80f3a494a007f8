import { SchemawayError } from '../errors/schemaway-error.js'
import { insertLedgerSql } from '../history/ledger-table.js'
import { quoteIdentifier } from '../history/quote-sql.js'
import type { CleanPlan } from '../plan/plan-clean.js'
import { describeClean } from '../plan/plan-clean.js'
import { describeBlocker } from './blockers.js'
import { listObjectsSql, listOutsideSql, type SchemaObject } from './list-objects.js'
import type { Run } from './open-run.js'
import { type FailureFacts, retryTransaction, type Send } from './retry-transaction.js'
import type { ServerError } from './server-error.js'
import type { Session } from './session.js'
import { isBlocked } from './statement-error.js'
import { translateError } from './translate-error.js'

/** What a clean dropped, or would drop. */
export interface Cleaned {
  readonly objects: readonly SchemaObject[]
  /** Rows of history that went. */
  readonly historyRows: number
}

/** What is in the schemas of a plan, for a preview. Nothing is locked. */
export async function previewClean(
  session: Session,
  plan: CleanPlan,
  place: Run['place'],
): Promise<readonly SchemaObject[]> {
  const [row] = await session.query<{ objects: string }>(
    // Names of types in arguments are then written in full, as in the list of what was dropped.
    `SET search_path = pg_catalog; ${listObjectsSql(namesOf(plan), place)}; RESET search_path`,
  )
  return chosen(plan, JSON.parse(row?.objects ?? '[]') as SchemaObject[])
}

/** An extension may be what other modules stand on, so it goes only when none is left. */
function chosen({ history }: CleanPlan, objects: readonly SchemaObject[]): readonly SchemaObject[] {
  return objects.filter(({ kind }) => kind !== 'extension' || typeof history === 'string')
}

/**
 * Drops what a plan names, with its rows of history, in one transaction that tells the ledger. Whatever else the server
 * would take along is a reason to drop nothing.
 *
 * @param historyRows how many rows of history go.
 * @throws SchemawayError `CLEAN_REFUSED` with `details.objects`; `STATEMENT_BLOCKED`, `MISSING_PRIVILEGE`,
 *   `STATEMENT_FAILED`, `ABORTED`, `CONNECTION_LOST`.
 */
export async function cleanSchemas(run: Run, plan: CleanPlan, historyRows: number): Promise<Cleaned> {
  const explain = (error: ServerError, facts: FailureFacts): SchemawayError => explainClean(run, error, facts)
  const options = { retries: run.config.lockRetries, doing: 'cleaning', explain }
  const { objects, hash } = await retryTransaction(run, options, async (send) => {
    await send('SET LOCAL search_path = pg_catalog')
    const objects = chosen(plan, await ask<SchemaObject>(send, listObjectsSql(namesOf(plan), run.place), 'objects'))
    await drop(run, plan, objects, send)
    const hash = await record(run, plan, { objects, historyRows }, send)
    return { objects, hash }
  })
  run.ledgerHash = hash
  run.emit({ type: 'cleaned', modules: plan.modules.map(({ name }) => name), objects: objects.length })
  return { objects, historyRows }
}

async function drop(run: Run, plan: CleanPlan, objects: readonly SchemaObject[], send: Send): Promise<void> {
  if (plan.schemas.length === 0) return
  const outside = listOutsideSql(namesOf(plan), run.place)
  const before = await ask<string>(send, outside, 'names')
  const existing = await ask<{ readonly name: string; readonly owner: string; readonly mayDrop: boolean }>(
    send,
    `SELECT coalesce(json_agg(json_build_object('name', n.nspname, 'owner', pg_get_userbyid(n.nspowner), ` +
      `'mayDrop', pg_has_role(current_user, n.nspowner, 'USAGE'))), '[]')::text AS schemas FROM pg_namespace AS n`,
    'schemas',
  )
  const whole = plan.schemas.filter((one) => one.isDropped).map((one) => one.name)
  const statements = [
    ...objects.filter((one) => !whole.includes(one.schema)).map((one) => asOwner(one, dropStatement(one))),
    ...existing
      .filter((one) => whole.includes(one.name))
      .map((one) => asOwner(one, `DROP SCHEMA ${quoteIdentifier(one.name)} CASCADE`)),
  ]
  if (statements.length > 0) await send(statements.join(';\n'))
  const after = new Set(await ask<string>(send, outside, 'names'))
  const gone = before.filter((name) => !after.has(name))
  if (gone.length > 0) throw refused(gone)
}

function dropStatement({ kind, reference }: SchemaObject): string {
  return `DROP ${kind.toUpperCase()} IF EXISTS ${reference} CASCADE`
}

/** An object of the owner role is dropped by that role, when the login is a member that does not inherit its rights. */
function asOwner({ owner, mayDrop }: { readonly owner: string; readonly mayDrop: boolean }, statement: string): string {
  return mayDrop ? statement : `SET LOCAL ROLE ${quoteIdentifier(owner)};\n${statement};\nRESET ROLE`
}

/** History and ledger, in the same transaction. The ledger stays, whatever goes. */
async function record(run: Run, plan: CleanPlan, cleaned: Cleaned, send: Send): Promise<string | null> {
  const { place, historyRole } = run
  const entries = plan.modules.map(({ name, schemas }) => {
    const objects = cleaned.objects.filter(({ schema }) => schemas.includes(schema)).map(nameObject)
    return run.completeEntry(describeClean(name, { schemas, objects, historyRows: cleaned.historyRows }))
  })
  const ledger = insertLedgerSql(place, entries, run.ledgerHash, null)
  const role = historyRole === null ? [] : [`SET LOCAL ROLE ${quoteIdentifier(historyRole)}`]
  await send([...role, ...(await forgetHistory(run, plan, send)), ledger.sql].join(';\n'))
  return ledger.hash
}

async function forgetHistory({ place }: Run, { history }: CleanPlan, send: Send): Promise<readonly string[]> {
  if (history === 'all') return [`DELETE FROM ${place.history}`]
  if (history !== 'table') {
    return history.length === 0 ? [] : [`DELETE FROM ${place.history} WHERE installed_rank IN (${history.join(', ')})`]
  }
  // Who may write history need not own it.
  const [isOwner] = await ask<boolean>(
    send,
    `SELECT json_build_array(pg_has_role(current_user, c.relowner, 'USAGE'))::text AS owns FROM pg_class AS c ` +
      `WHERE c.oid = '${place.history.replaceAll("'", "''")}'::regclass`,
    'owns',
  )
  return isOwner === true ? [`DROP TABLE ${place.history}`] : [`DELETE FROM ${place.history}`]
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
  const translated = translateError(error, 'cleaning', session.display)
  return translated instanceof SchemawayError ? translated : new SchemawayError('STATEMENT_FAILED', error.message)
}
