import { SchemawayError } from '../errors/schemaway-error.js'
import { lockTable } from '../history/history-row.js'
import { quoteIdentifier, quoteLiteral } from '../history/quote-sql.js'
import type { CleanPlan } from '../plan/plan-clean.js'
import { ask, asOwner, type SchemaObject } from './list-objects.js'
import type { Run } from './open-run.js'
import type { Send } from './retry-transaction.js'
import { hasSetOption, rightToSetRole } from './right-to-set-role.js'

interface OwnedTable extends Pick<SchemaObject, 'id' | 'owner' | 'mayDrop'> {
  readonly isSuperuser: boolean
  readonly mayBecome: boolean
  /** Whether a membership in this server says by itself whether it allows SET ROLE. */
  readonly hasSetOption: boolean
}

/**
 * The history table, where a clean leaves nothing that it would speak of: empty, it would make content of others look like
 * our own. Null where it stays, or is not there.
 *
 * @throws SchemawayError `MISSING_PRIVILEGE` when the login can neither drop it nor become the role that owns it.
 */
export async function findHistoryToDrop(run: Run, plan: CleanPlan, send: Send): Promise<SchemaObject | null> {
  if (plan.history !== 'table') return null
  const { place, config } = run
  const found = await findTable(config.historySchema, config.table, send)
  if (found === undefined) return null
  if (!found.mayDrop && !found.mayBecome) throw notOwner(run, found)
  return describeTable(found, { schema: config.historySchema, name: config.table, reference: place.history })
}

/**
 * The table of locks, which goes with the last history that uses it. Null where it stays, is not there, or is not ours to drop:
 * without rows it harms nobody.
 */
export async function findLockToDrop(run: Run, plan: CleanPlan, send: Send): Promise<SchemaObject | null> {
  if (plan.history !== 'table') return null
  const { place, config } = run
  const found = await findTable(config.historySchema, lockTable, send)
  if (found === undefined || !(found.mayDrop || found.mayBecome)) return null
  const sql = `SELECT coalesce(json_agg(history), '[]')::text AS others FROM ${place.lock} WHERE history <> ${quoteLiteral(place.history)}`
  if ((await ask<string>(send, asOwner(found, sql), 'others')).length > 0) return null
  return describeTable(found, { schema: config.historySchema, name: lockTable, reference: place.lock })
}

function describeTable(
  { id, owner, mayDrop }: OwnedTable,
  named: Pick<SchemaObject, 'schema' | 'name' | 'reference'>,
): SchemaObject {
  return { ...named, kind: 'table', owner, mayDrop, catalogue: 'pg_class', id }
}

/** Who may write a table need not own it. By name, because a cast to regclass needs a right on the schema. */
async function findTable(schema: string, table: string, send: Send): Promise<OwnedTable | undefined> {
  const [found] = await ask<OwnedTable>(
    send,
    `SELECT json_build_array(json_build_object('id', c.oid::int8, 'owner', o.rolname, 'isSuperuser', o.rolsuper, 'mayDrop', ` +
      `pg_has_role(current_user, c.relowner, 'USAGE') OR pg_has_role(current_user, n.nspowner, 'USAGE'), ` +
      `'hasSetOption', ${hasSetOption}, 'mayBecome', ` +
      `pg_has_role(session_user, c.relowner, ${rightToSetRole})))::text AS owners ` +
      `FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace JOIN pg_roles AS o ON o.oid = c.relowner ` +
      `WHERE n.nspname = ${quoteLiteral(schema)} AND c.relname = ${quoteLiteral(table)}`,
    'owners',
  )
  return found
}

function notOwner({ login, place, session }: Run, { owner, isSuperuser, hasSetOption }: OwnedTable): SchemawayError {
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
