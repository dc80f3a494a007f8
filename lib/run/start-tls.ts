import net from 'node:net'
import tls from 'node:tls'
import { SchemawayError } from '../errors/schemaway-error.js'
import { HostFailure, waitFor } from './connect.js'
import type { TlsSettings } from './tls-settings.js'

/**
 * Encrypts a connection whose server has agreed to it. `host` is the name that the certificate must bear under
 * `verify-full`. When it fails the stream is destroyed.
 */
export async function startTls(
  socket: net.Socket,
  host: string,
  settings: TlsSettings,
  signal: AbortSignal,
): Promise<tls.TLSSocket> {
  try {
    const stream = tls.connect({ ...tlsOptions(host, settings), socket })
    stream.on('error', () => {})
    await waitFor(stream, 'secureConnect', signal)
    return stream
  } catch (error) {
    socket.destroy()
    throw describeTlsError(error)
  }
}

function tlsOptions(host: string, settings: TlsSettings): tls.ConnectionOptions {
  const { mode, servername = net.isIP(host) === 0 ? host : '', ...options } = settings
  const checksName = mode === 'verify-full'
  return {
    // A root certificate makes the weaker modes check the chain as well, as in libpq.
    rejectUnauthorized: checksName || mode === 'verify-ca' || options.ca !== undefined,
    ...(!checksName && { checkServerIdentity: () => undefined }),
    ...options,
    // Without the real name Node.js would look for "localhost" in the certificate.
    host,
    ...(servername !== '' && { servername }),
  }
}

function describeTlsError(error: unknown): unknown {
  if (error instanceof HostFailure) {
    return error.kind === 'closed'
      ? new HostFailure('tls', 'the server closed the connection during the TLS handshake')
      : error
  }
  if (!(error instanceof Error) || error instanceof SchemawayError) return error
  const code = 'code' in error ? String(error.code) : null
  return new HostFailure('tls', `TLS failed: ${error.message}${code === null ? '' : ` (${code})`}`, {
    code,
    cause: error,
  })
}
