import { type Connection, HostFailure, openConnection, waitFor } from './connect.js'
import { connectionFailed } from './connect-failure.js'
import type { ConnectionTarget, ServerAddress } from './connection-target.js'

const cancelRequestCode = 80_877_102
/** A cancellation is of no use any more when it takes longer. */
const longestWait = 10_000

/**
 * Asks the server that answered a connection to cancel what its session is doing. The request travels over a
 * connection of its own, to the same address and encrypted if the session is.
 *
 * Resolves when the server has passed the request on. The server does not say whether there was anything to cancel.
 *
 * @param abandonment fires when it is of no use any more because the server is given up.
 * @throws SchemawayError `CONNECTION_FAILED`.
 */
export async function sendCancelRequest(
  target: ConnectionTarget,
  connection: Connection,
  key: { readonly backendPid: number; readonly secret: Uint8Array },
  abandonment: AbortSignal,
): Promise<void> {
  const controller = new AbortController()
  const giveUp = () => controller.abort(new HostFailure('timeout', 'no answer'))
  const timer = setTimeout(giveUp, longestWait)
  abandonment.addEventListener('abort', giveUp)
  try {
    const encryption = connection.encrypted ? 'required' : 'none'
    const { stream } = await openConnection(target, sameServer(connection), encryption, controller.signal)
    // The server answers with nothing but the end of the connection, however it ends it.
    stream.resume()
    stream.write(cancelRequest(key.backendPid, key.secret))
    await waitFor(stream, 'close', controller.signal).catch((error: unknown) => {
      if (controller.signal.aborted) throw error
    })
  } catch (error) {
    if (!(error instanceof HostFailure)) throw error
    throw connectionFailed(target, [{ host: connection.host, failure: error }])
  } finally {
    clearTimeout(timer)
    abandonment.removeEventListener('abort', giveUp)
  }
}

/** A name may lead to another server of a cluster the next time it is looked up. */
function sameServer({ address, stream }: Connection): ServerAddress {
  const { remoteAddress } = stream
  return address.kind === 'tcp' && remoteAddress !== undefined ? { ...address, address: remoteAddress } : address
}

function cancelRequest(backendPid: number, secret: Uint8Array): Buffer {
  const request = Buffer.alloc(12 + secret.length)
  request.writeInt32BE(request.length, 0)
  request.writeInt32BE(cancelRequestCode, 4)
  request.writeUInt32BE(backendPid, 8)
  request.set(secret, 12)
  return request
}
