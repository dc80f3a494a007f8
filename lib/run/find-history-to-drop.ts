import { SchemawayError } from '../errors/schemaway-error.js'
import { quoteIdentifier, quoteLiteral } from '../history/quote-sql.js'
import type { CleanPlan } from '../plan/plan-clean.js'
import { ask, type SchemaObject } from './list-objects.js'
import type { Run } from './open-run.js'
import type { Send } from './retry-transaction.js'
import { hasSetOption, rightToSetRole } from './right-to-set-role.js'

interface OwnedHistory extends Pick<SchemaObject, 'id' | 'owner' | 'mayDrop'> {
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
  // Who may write history need not own it. By name, because a cast to regclass needs a right on the schema.
  const [found] = await ask<OwnedHistory>(
    send,
    `SELECT json_build_array(json_build_object('id', c.oid::int8, 'owner', o.rolname, 'isSuperuser', o.rolsuper, 'mayDrop', ` +
      `pg_has_role(current_user, c.relowner, 'USAGE') OR pg_has_role(current_user, n.nspowner, 'USAGE'), ` +
      `'hasSetOption', ${hasSetOption}, 'mayBecome', ` +
      `pg_has_role(session_user, c.relowner, ${rightToSetRole})))::text AS owners ` +
      `FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace JOIN pg_roles AS o ON o.oid = c.relowner ` +
      `WHERE n.nspname = ${quoteLiteral(config.historySchema)} AND c.relname = ${quoteLiteral(config.table)}`,
    'owners',
  )
  if (found === undefined) return null
  if (!found.mayDrop && !found.mayBecome) throw notOwner(run, found)
  const { id, owner, mayDrop } = found
  const named = { schema: config.historySchema, name: config.table, reference: place.history }
  return { ...named, kind: 'table', owner, mayDrop, catalogue: 'pg_class', id }
}

function notOwner({ login, place, session }: Run, { owner, isSuperuser, hasSetOption }: OwnedHistory): SchemawayError {
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
