import net from 'node:net'
import type { TLSSocket } from 'node:tls'
import { SchemawayError } from '../errors/schemaway-error.js'
import { type ConnectionTarget, displayAddress, type ServerAddress } from './connection-target.js'
import type { TlsMode } from './tls-settings.js'

/** A finished connection: the server's next word is its answer to our start-up packet. */
export interface Connection {
  readonly stream: net.Socket | TLSSocket
  readonly address: ServerAddress
  /** `host:port` of the server that answered, for people. */
  readonly host: string
  readonly encrypted: boolean
}

/** Why one host did not do; the failures of all hosts make one CONNECTION_FAILED. */
export class HostFailure extends Error {
  readonly kind: 'network' | 'timeout' | 'closed' | 'protocol' | 'no-tls' | 'tls' | 'login' | 'password' | 'unsuitable'
  /** The system's error code, or the server's SQLSTATE. */
  readonly code: string | null

  constructor(kind: HostFailure['kind'], message: string, options: { code?: string | null; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'HostFailure'
    this.kind = kind
    this.code = options.code ?? null
  }

  /** As in libpq, a refused login ends the search, unless the server is only starting up or shutting down. */
  get endsSearch(): boolean {
    return this.kind === 'password' || (this.kind === 'login' && this.code !== '57P03')
  }
}

/** A failed attempt and the `host:port` it was made at. */
export interface FailedAttempt {
  readonly host: string
  readonly failure: HostFailure
}

/** What is asked of one connection, as opposed to a {@link TlsMode}, which may allow two attempts. */
export type Encryption = 'none' | 'if-offered' | 'required'

/**
 * Connects to the first host that answers, in their order, each with its own timeout.
 *
 * @throws SchemawayError `CONNECTION_FAILED` with every host that was tried and why it did not do, `ABORTED`.
 */
export function connect(
  target: ConnectionTarget,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<Connection> {
  return connectAnd(target, async (connection) => connection, options)
}

/**
 * Connects and logs in: `logIn` gets each connection in turn until it is content with one. The timeout of a host covers
 * the login, too.
 *
 * A {@link HostFailure} of `logIn` sends the search on to the next host unless it {@link HostFailure.endsSearch}; any
 * other error ends it. The stream of a failed login is destroyed here.
 *
 * @throws SchemawayError as {@link connect}.
 */
export async function connectAnd<Result>(
  target: ConnectionTarget,
  logIn: (connection: Connection, signal: AbortSignal) => Promise<Result>,
  options: { readonly signal?: AbortSignal | undefined },
): Promise<Result> {
  const failed: FailedAttempt[] = []
  for (const address of target.shuffleHosts ? shuffle(target.hosts) : target.hosts) {
    const host = displayAddress(address)
    const deadline = startDeadline(target, host, options.signal)
    try {
      for (const encryption of planEncryption(target.tls.mode, address)) {
        let connection: Connection | undefined
        try {
          connection = await openConnection(target, address, encryption, deadline.signal)
          return await logIn(connection, deadline.signal)
        } catch (error) {
          connection?.stream.destroy()
          if (!(error instanceof HostFailure)) throw error
          failed.push({ host, failure: error })
          if (!deservesOtherEncryption(target.tls.mode, connection, error)) break
        }
      }
    } finally {
      deadline.stop()
    }
    if (failed.some(({ failure }) => failure.endsSearch)) break
  }
  const { connectionFailed } = await import('./connect-failure.js')
  throw connectionFailed(target, failed)
}

/** One attempt at one host. On failure nothing is left open. */
export async function openConnection(
  target: Pick<ConnectionTarget, 'tls' | 'keepAliveDelay' | 'connectTimeout'>,
  address: ServerAddress,
  encryption: Encryption,
  signal: AbortSignal,
): Promise<Connection> {
  const host = displayAddress(address)
  const socket = await openSocket(target, address, signal)
  if (encryption === 'none' || address.kind === 'socket') return { stream: socket, address, host, encrypted: false }
  try {
    if (await offersTls(socket, signal)) {
      const { startTls } = await import('./start-tls.js')
      return { stream: await startTls(socket, address.host, target.tls, signal), address, host, encrypted: true }
    }
    if (encryption === 'required') throw new HostFailure('no-tls', 'the server does not offer TLS')
    return { stream: socket, address, host, encrypted: false }
  } catch (error) {
    socket.destroy()
    throw asHostFailure(error)
  }
}

async function openSocket(
  target: Pick<ConnectionTarget, 'keepAliveDelay' | 'connectTimeout'>,
  address: ServerAddress,
  signal: AbortSignal,
): Promise<net.Socket> {
  const socket =
    address.kind === 'socket'
      ? net.connect({ path: address.path })
      : net.connect({
          host: address.address ?? address.host,
          port: address.port,
          // A name may have several addresses. The default of 250 ms gives up too early on slow networks.
          autoSelectFamilyAttemptTimeout: Math.max(250, Math.round((target.connectTimeout || 10_000) / 4)),
        })
  // An error that arrives while nobody waits for an event must not end the process.
  socket.on('error', ignore)
  try {
    await waitFor(socket, 'connect', signal)
  } catch (error) {
    throw asHostFailure(error)
  }
  socket.setNoDelay(true)
  if (target.keepAliveDelay !== null) socket.setKeepAlive(true, target.keepAliveDelay)
  return socket
}

const sslRequest = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47])

async function offersTls(socket: net.Socket, signal: AbortSignal): Promise<boolean> {
  socket.write(sslRequest)
  const answer = await waitFor(socket, 'data', signal)
  // Whoever sits in between could have put bytes behind the answer, to pass for the server's own (CVE-2021-23222).
  if (Buffer.isBuffer(answer) && answer.length === 1) {
    if (answer[0] === 83) return true
    if (answer[0] === 78) return false
  }
  throw new HostFailure('protocol', 'the answer to the request for TLS is not one of PostgreSQL')
}

/**
 * Waits for one event of a stream. When the stream fails or closes instead, or the signal fires, the stream is
 * destroyed and the promise rejects. No listener stays.
 */
export function waitFor(stream: net.Socket | TLSSocket, event: string, signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const stopListening = () => {
      stream.off(event, succeed).off('error', fail).off('close', close)
      signal.removeEventListener('abort', abort)
    }
    const succeed = (value: unknown) => {
      stopListening()
      resolve(value)
    }
    const fail = (error: unknown) => {
      stopListening()
      stream.destroy()
      reject(error)
    }
    const close = () => fail(new HostFailure('closed', 'the server closed the connection'))
    const abort = () => fail(signal.reason)
    if (signal.aborted) return abort()
    if (stream.destroyed) return close()
    stream.once(event, succeed).once('error', fail).once('close', close)
    signal.addEventListener('abort', abort)
  })
}

/** What a timer of Node.js can wait; it takes more for no wait at all. */
const longestTimer = 2 ** 31 - 1

/** A signal that fires when the host's time is up or when the caller's signal does; `stop()` leaves no timer behind. */
function startDeadline(target: ConnectionTarget, host: string, outer: AbortSignal | undefined) {
  const controller = new AbortController()
  const abort = () => controller.abort(connectingStopped(host, outer))
  if (outer?.aborted) abort()
  outer?.addEventListener('abort', abort)
  const { connectTimeout } = target
  const giveUp = () => controller.abort(new HostFailure('timeout', `no answer within ${connectTimeout / 1000} s`))
  const timer = connectTimeout > 0 ? setTimeout(giveUp, Math.min(connectTimeout, longestTimer)) : undefined
  return {
    signal: controller.signal,
    stop() {
      clearTimeout(timer)
      outer?.removeEventListener('abort', abort)
    },
  }
}

/** The error of a caller who did not want to wait any longer for a connection. */
export function connectingStopped(host: string, signal: AbortSignal | undefined): SchemawayError {
  return new SchemawayError('ABORTED', `Connecting to ${host} was stopped by ${nameStopper(signal?.reason)}.`, {
    cause: signal?.reason,
  })
}

/** The reason for which an option stops a command when its time is over. */
export class TimeLimit extends Error {
  readonly option: string
  readonly milliseconds: number

  constructor(option: string, milliseconds: number) {
    super(`${option} of ${milliseconds} ms`)
    this.name = 'TimeoutError'
    this.option = option
    this.milliseconds = milliseconds
  }
}

/**
 * What stopped a command, with the option that it comes from, as a part of a sentence.
 *
 * @param reason of the signal that fired.
 */
export function nameStopper(reason: unknown): string {
  if (reason instanceof TimeLimit) return `\`${reason.option}\` (${reason.milliseconds} ms had passed)`
  // As AbortSignal.timeout() gives it.
  const isDeadline = reason instanceof Error && reason.name === 'TimeoutError'
  return `its AbortSignal${isDeadline ? ' (option `signal`, whose deadline had passed)' : ''}`
}

function planEncryption(mode: TlsMode, address: ServerAddress): readonly Encryption[] {
  if (address.kind === 'socket') return ['none']
  switch (mode) {
    case 'disable':
      return ['none']
    case 'allow':
      return ['none', 'required']
    case 'prefer':
      return ['if-offered', 'none']
    case 'require':
    case 'verify-ca':
    case 'verify-full':
      return ['required']
    default:
      return mode satisfies never
  }
}

/**
 * Where the mode leaves the choice to us, the other way is tried when the handshake fails or when `pg_hba.conf` has a
 * rule for the other way only. libpq also tries after a wrong password, which would count as two failed logins.
 */
function deservesOtherEncryption(mode: TlsMode, connection: Connection | undefined, failure: HostFailure): boolean {
  if (failure.kind === 'login')
    return failure.code === '28000' && (connection?.encrypted ?? false) === (mode === 'prefer')
  return mode === 'prefer' && failure.kind === 'tls'
}

function asHostFailure(error: unknown): unknown {
  const isOurs = error instanceof HostFailure || error instanceof SchemawayError
  return isOurs || !(error instanceof Error) ? error : describeNetworkError(error)
}

/** Several addresses of one name fail with one error that holds theirs. */
function describeNetworkError(error: Error): HostFailure {
  const errors: unknown[] = error instanceof AggregateError ? error.errors : [error]
  const codes = errors.flatMap((one) => (one instanceof Error && 'code' in one ? [String(one.code)] : []))
  const reasons = [...new Set(codes)].map((code) => `${networkReasons[code] ?? 'network error'} (${code})`)
  // That this machine lacks IPv6, say, is not the reason when an IPv4 address refused.
  const code = codes.find((one) => !missingRoute.has(one)) ?? codes[0] ?? null
  return new HostFailure('network', reasons.join(', ') || error.message, { code, cause: error })
}

const missingRoute = new Set(['ENETUNREACH', 'EHOSTUNREACH', 'EADDRNOTAVAIL'])

const networkReasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  ENOTFOUND: 'the name cannot be resolved',
  EAI_AGAIN: 'the name cannot be resolved at the moment',
  ETIMEDOUT: 'no answer',
  EHOSTUNREACH: 'no route to this host',
  ENETUNREACH: 'no route to this network',
  ENOENT: 'there is no such socket',
  EACCES: 'permission denied',
}

function shuffle<Item>(items: readonly Item[]): Item[] {
  return items
    .map((item) => ({ item, place: Math.random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ item }) => item)
}

function ignore(): void {}
