import type { TransactionSql } from 'postgres'
import { SchemawayError } from '../errors/schemaway-error.js'

/**
 * Keeps a transaction of postgres.js from being used when it is over.
 *
 * The driver binds a transaction to a connection, not to a session: when the connection breaks, the pool opens a new one
 * in its place, and a callback that still runs would go on inside whatever transaction that one serves by then, which
 * may be another organisation's. The same happens to a query that nobody awaited. And a query that is sent between the
 * end of the old connection and the start of the new one ends the whole process with an uncaught TypeError.
 */
export interface Fence {
  /** Refuses all further queries: the work is done. */
  close(): void
  /** Refuses all further queries: the connection broke, unless the work was done before. */
  declareLost(): void
  /** The transaction as the caller may use it. */
  around<Types extends Record<string, unknown>>(transaction: TransactionSql<Types>): TransactionSql<Types>
  /** Runs work between the driver's BEGIN or SAVEPOINT and its COMMIT or ROLLBACK. */
  guard<Result>(work: () => Promise<Result>): Promise<Result>
}

type Call = (...parameters: readonly unknown[]) => unknown

/** The driver's own codes, and what the operating system says of a connection. */
const codesOfLoss: ReadonlySet<unknown> = new Set([
  'CONNECTION_CLOSED',
  'CONNECTION_DESTROYED',
  'ECONNABORTED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETDOWN',
  'ENETRESET',
  'ENETUNREACH',
  'EPIPE',
  'ETIMEDOUT',
])

const sendingMethods: ReadonlySet<string | symbol> = new Set(['unsafe', 'file', 'notify'])

/** Makes the fence for one transaction. */
export function fenceTransaction(): Fence {
  let refusal: (() => SchemawayError) | null = null
  let isLost = false
  const lost = withRejection()

  const declareLost = (): void => {
    isLost = true
    refusal ??= connectionLost
    lost.reject(connectionLost())
  }

  const watch = (query: unknown): unknown => {
    if (query instanceof Promise) {
      reportEnd(query)
      refuseLateSending(query)
    }
    return query
  }

  /** Notes the end of the connection before the caller's own code hears of it: whoever listens first is told first. */
  const reportEnd = (query: Promise<unknown>): void => {
    // Not query.then(), which would send the query. It may be a fragment that is never sent by itself.
    Promise.prototype.then.call(query, undefined, (error: unknown) => {
      if (isEndOfConnection(error)) refusal ??= connectionLost
    })
  }

  /**
   * A query is sent when it is first awaited, which may be long after it was written. The driver then calls the method
   * that is replaced here; it is not in its types. Were it to go, queries would still be refused when they are written.
   */
  const refuseLateSending = (query: Promise<unknown>): void => {
    const sendNow: unknown = Reflect.get(query, 'handle')
    if (typeof sendNow !== 'function') return
    let isSent = false
    const value = (): unknown => {
      if (!isSent && refusal !== null) return Reflect.apply(Reflect.get(query, 'reject'), query, [refusal()])
      isSent = true
      return Reflect.apply(sendNow, query, [])
    }
    Object.defineProperty(query, 'handle', { value })
  }

  const send = (query: () => unknown): unknown => {
    if (refusal !== null) throw refusal()
    return watch(query())
  }

  /**
   * Stays for ever when the connection is lost, because there the COMMIT or ROLLBACK with which the driver goes on would
   * do the harm. Nobody is kept waiting: the promise of the driver's transaction is rejected by then.
   */
  const stayIfLost = async (isSuspected: boolean): Promise<void> => {
    // A query hears of the end a few microtasks before the transaction does.
    if (isSuspected) await new Promise((resolve) => setImmediate(resolve))
    if (isLost) await new Promise(() => {})
  }

  const guard = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    try {
      const result = await work()
      await stayIfLost(refusal === connectionLost)
      return result
    } catch (error) {
      await stayIfLost(true)
      throw error
    }
  }

  const around = <Types extends Record<string, unknown>>(transaction: TransactionSql<Types>): TransactionSql<Types> =>
    new Proxy(transaction, {
      apply: (target, self, parameters) => send(() => Reflect.apply(target as unknown as Call, self, parameters)),
      get: (target, key) => {
        const value: unknown = Reflect.get(target, key)
        if (typeof value !== 'function') return value
        if (key === 'savepoint') return fenceSavepoint((...parameters) => Reflect.apply(value, target, parameters))
        if (!sendingMethods.has(key)) return value
        return (...parameters: readonly unknown[]) => send(() => Reflect.apply(value, target, parameters))
      },
    })

  const fenceSavepoint =
    (savepoint: Call): Call =>
    (...parameters) => {
      if (refusal !== null) throw refusal()
      const work = parameters.at(-1)
      if (typeof work !== 'function') return savepoint(...parameters)
      const guarded = async (nested: TransactionSql): Promise<unknown> =>
        await guard(async () => {
          const value: unknown = work(around(nested))
          return await (Array.isArray(value) ? Promise.all(value) : value)
        })
      return Promise.race([savepoint(...parameters.slice(0, -1), guarded), lost.promise])
    }

  const close = (): void => {
    refusal ??= transactionOver
  }

  return { close, declareLost, around, guard }
}

function withRejection(): { readonly promise: Promise<never>; readonly reject: (error: SchemawayError) => void } {
  let reject: (error: SchemawayError) => void = () => {}
  const promise = new Promise<never>((_, rejectPromise) => {
    reject = rejectPromise
  })
  promise.catch(() => {})
  return { promise, reject }
}

function isEndOfConnection(error: unknown): boolean {
  return error instanceof Error && 'code' in error && codesOfLoss.has(error.code)
}

function connectionLost(): SchemawayError {
  return new SchemawayError(
    'CONNECTION_LOST',
    'The connection broke during the transaction, and the server has rolled it back. Nothing more can be sent in it: ' +
      'let the callback fail and call again.',
  )
}

function transactionOver(): SchemawayError {
  return new SchemawayError(
    'TRANSACTION_ESCAPED',
    'A query was made after its transaction had ended; it could have run for another organisation. ' +
      'Await every query inside the callback, and keep the transaction there.',
  )
}
