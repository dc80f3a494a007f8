import type { CommandName } from '../config/command-names.js'
import type { Config } from '../config/read-options.js'
import { SchemawayError } from '../errors/schemaway-error.js'
import { lockTable, placeHistory } from '../history/history-row.js'
import { quoteLiteral, withOwnNames } from '../history/quote-sql.js'
import { resolveTarget } from './connection-target.js'
import type { Emit } from './emit.js'
import { type Lock, lockKey } from './lock.js'
import { ServerError } from './server-error.js'
import { openSession, type Session } from './session.js'
import { SessionLock } from './session-lock.js'
import { readResetValuesSql, sessionSettings } from './session-settings.js'

/** What a lock works with. */
interface LockMaterial {
  readonly session: Session
  readonly config: Config
  readonly emit: Emit
  /** Which program on which machine takes it. */
  readonly client: string
}

/** How processes are kept apart, and whether the session is one of many that share connections to the server. */
interface LockChoice {
  readonly isShared: boolean
  readonly create: (material: LockMaterial) => Promise<Lock>
}

interface ServerFacts {
  /** Whether something between us and the server hands out its connections. */
  readonly isPooled: boolean
  readonly version: string
  readonly isInRecovery: boolean
  readonly hasHistory: boolean
  /** Whether there was a reason to lock by a table before. */
  readonly hasLockTable: boolean
}

/** They need nothing of their session that lasts longer than a transaction. */
const worksInTransactions: ReadonlySet<CommandName> = new Set([
  'migrate',
  'migrateAll',
  'rollback',
  'undo',
  'seed',
  'baseline',
  'repair',
])

const ownFacts = {
  pid: '(pid)',
  version: '(version)',
  recovery: '(recovery)',
  history: '(history)',
  locks: '(locks)',
} as const

/**
 * Finds out how this server can keep processes apart, and chooses accordingly: one query, and another session only where
 * there is reason to doubt.
 *
 * @returns also to what RESET ALL takes the settings that the server knows.
 * @throws SchemawayError `SERVER_UNSUITABLE`.
 */
export async function chooseLock(
  session: Session,
  config: Config,
): Promise<{ readonly choice: LockChoice; readonly resetValues: ReadonlyMap<string, string> }> {
  const rows = await session.query<{ name: string; value: string }>(withOwnNames(askSql(config)))
  const values = new Map(rows.map((row) => [row.name, row.value]))
  const facts: ServerFacts = {
    isPooled: values.get(ownFacts.pid) !== String(session.backendPid),
    version: values.get(ownFacts.version) ?? '',
    isInRecovery: values.get(ownFacts.recovery) === 'true',
    hasHistory: values.get(ownFacts.history) === 'true',
    hasLockTable: values.get(ownFacts.locks) === 'true',
  }
  return { choice: await choose(session, config, facts), resetValues: values }
}

function askSql(config: Config): string {
  const { schemaName, historyName } = placeHistory(config)
  const exists = (table: string): string =>
    `EXISTS (SELECT FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace ` +
    `WHERE n.nspname = ${quoteLiteral(schemaName)} AND c.relname = ${quoteLiteral(table)})::text`
  return (
    `${readResetValuesSql(sessionSettings(config))} UNION ALL SELECT '${ownFacts.pid}', pg_backend_pid()::text ` +
    `UNION ALL SELECT '${ownFacts.version}', version() UNION ALL SELECT '${ownFacts.recovery}', pg_is_in_recovery()::text ` +
    `UNION ALL SELECT '${ownFacts.history}', ${exists(historyName)} UNION ALL SELECT '${ownFacts.locks}', ${exists(lockTable)}`
  )
}

async function choose(session: Session, config: Config, facts: ServerFacts): Promise<LockChoice> {
  const { lockStrategy: wanted, command } = config
  if (facts.isInRecovery) {
    const remedy = 'connect to the primary, or list all hosts with target_session_attrs=read-write.'
    throw unsuitable(session, `is a standby and cannot be written; ${remedy}`)
  }
  if (facts.isPooled) await refuseWithoutTransactions(session, config)
  switch (wanted) {
    case 'auto':
      return facts.isPooled ? await autoBehindPooler(session, config) : await autoDirect(session, config, facts)
    case 'session': {
      const flaw = await findFlaw(session, config, facts)
      if (flaw !== null) throw doesNotExclude(session, facts.isPooled, flaw)
      return bySession(
        facts.isPooled
          ? 'it was asked for, and nothing shows that the pooler gives a session another connection'
          : 'it was asked for',
      )
    }
    case 'transaction':
      if (worksInTransactions.has(command)) return byTransaction('it was asked for')
      if (facts.isPooled) throw behindPooler(session, command)
      return bySession(
        `${command}() holds its lock from beginning to end, which excludes transactions that lock for themselves`,
      )
    case 'table':
      if (facts.isPooled && !worksInTransactions.has(command)) throw behindPooler(session, command)
      return byTable('it was asked for', facts.isPooled)
    default:
      return wanted satisfies never
  }
}

async function autoBehindPooler(session: Session, { command }: Config): Promise<LockChoice> {
  if (!worksInTransactions.has(command)) throw behindPooler(session, command)
  return byTransaction(
    'the server is reached through a connection pooler, where nothing that outlives a transaction can be relied on',
  )
}

async function autoDirect(session: Session, config: Config, facts: ServerFacts): Promise<LockChoice> {
  const flaw = await findFlaw(session, config, facts)
  if (flaw === null) return bySession('the connection to the server is direct')
  return byTable(`an advisory lock of a session does not keep others out here: ${flaw}`, false)
}

/** Tests the lock where there is reason to, or where it costs little compared with what follows. */
async function findFlaw(session: Session, config: Config, facts: ServerFacts): Promise<string | null> {
  const { isPooled, hasHistory, hasLockTable, version } = facts
  const isPostgres = version.startsWith('PostgreSQL ')
  if (!isPooled && hasHistory && !hasLockTable && isPostgres) return null
  const { testSessionLock } = await import('./test-lock.js')
  const isDirect = !isPooled && isPostgres
  if (!isDirect || config.lockTests === undefined) return await testSessionLock(session, config, isDirect)
  // Of many databases on one server the first speaks for all, so that each of the others has one connection only. A flaw may be
  // one of its database or its login.
  const { database } = await resolveTarget(config)
  const server = session.display.slice(0, -database.length)
  const known = config.lockTests.get(server)
  if (known !== undefined && (await Promise.race([known, untilAborted(config.signal)]))) return null
  const test = testSessionLock(session, config, isDirect)
  config.lockTests.set(
    server,
    test.then(
      (flaw) => flaw === null && config.signal?.aborted !== true,
      () => false,
    ),
  )
  return await test
}

async function untilAborted(signal: AbortSignal | undefined): Promise<false> {
  if (!signal?.aborted) await new Promise((resolve) => signal?.addEventListener('abort', resolve, { once: true }))
  return false
}

/** A pooler that pools statements ends the connection when a transaction outlives a message. */
async function refuseWithoutTransactions(session: Session, config: Config): Promise<void> {
  const first = await tryTransaction(session)
  if (first === null) return
  // It may have been ended for another reason, such as a restart of the pooler, which another connection does not meet.
  const other = await openSession(await resolveTarget(config), { signal: config.signal }).catch(() => null)
  const second = other === null ? null : await tryTransaction(other)
  await other?.close()
  if (second === null) throw first
  const what =
    'is reached through a connection pooler that allows no transactions. Migrate with a direct URL of the database.'
  throw unsuitable(session, what, first)
}

/** @returns why there can be none. */
async function tryTransaction(session: Session): Promise<Error | null> {
  try {
    await session.send('BEGIN')
    await session.send('ROLLBACK')
    return null
  } catch (error) {
    const isLost = error instanceof SchemawayError && error.code === 'CONNECTION_LOST'
    if (error instanceof ServerError || isLost) return error
    throw error
  }
}

function bySession(reason: string): LockChoice {
  return {
    isShared: false,
    create: async (material) =>
      new SessionLock(material.session, keyOf(material.config), waitingOf(material), sentence(reason)),
  }
}

function byTransaction(reason: string): LockChoice {
  return {
    isShared: true,
    create: async (material) => {
      const { TransactionLock } = await import('./transaction-lock.js')
      const names = { key: keyOf(material.config), place: placeHistory(material.config) }
      return new TransactionLock(material.session, names, waitingOf(material), sentence(reason))
    },
  }
}

function byTable(reason: string, isShared: boolean): LockChoice {
  return {
    isShared,
    create: async (material) => {
      const { TableLock } = await import('./table-lock.js')
      return new TableLock({ ...material, waiting: waitingOf(material), reason: sentence(reason), isShared })
    },
  }
}

function keyOf(config: Config): bigint {
  return lockKey(placeHistory(config).history)
}

function waitingOf({ config, emit }: LockMaterial) {
  return { longestWait: config.waitForLock, signal: config.signal, emit }
}

function sentence(reason: string): string {
  return `${reason.charAt(0).toUpperCase()}${reason.slice(1)}.`
}

function behindPooler(session: Session, command: CommandName): SchemawayError {
  return unsuitable(
    session,
    `is reached through a connection pooler, and ${command}() needs a session that is its own. Call it with a direct URL of the ` +
      "database; or, where the pooler pools sessions, pass `lockStrategy: 'session'`.",
  )
}

function doesNotExclude(session: Session, isPooled: boolean, flaw: string): SchemawayError {
  const remedy = isPooled
    ? "Migrate with a direct URL of the database, let the pooler pool sessions, or leave `lockStrategy` at 'auto'."
    : "Pass `lockStrategy: 'table'`, in every process that works on this database, or leave it at 'auto'."
  return unsuitable(
    session,
    `cannot be used with a lock of the session, because it does not exclude other processes: ${flaw}. ${remedy}`,
  )
}

function unsuitable({ display }: Session, what: string, cause?: Error): SchemawayError {
  return new SchemawayError('SERVER_UNSUITABLE', `${display} ${what} Nothing was changed.`, {
    ...(cause !== undefined && { cause }),
    details: { server: display },
  })
}
