import type { Readable, Writable } from 'node:stream'
import type { CopyData } from './session.js'

/**
 * Serves the COPY that a message has begun: writes its data, or throws away what it sends.
 *
 * @param stream the driver's stream for the COPY. It is not told when the server rejects a row; `isOver` is.
 * @throws what reading `data` throws. The COPY fails then.
 */
export async function runCopy(
  stream: Readable | Writable,
  data: CopyData | undefined,
  isOver: () => boolean,
): Promise<void> {
  if ('read' in stream) stream.resume()
  else if (data === undefined) stream.destroy(reason('its data is not part of the message'))
  else await writeData(stream, data, isOver)
}

async function writeData(stream: Writable, data: CopyData, isOver: () => boolean): Promise<void> {
  try {
    for await (const piece of data) {
      if (isOver()) return
      if (!stream.write(piece)) await settleWrites(stream)
    }
    stream.end()
  } catch (error) {
    stream.destroy(reason('its data could not be read'))
    throw error
  }
}

/** The server repeats the text of this error in its own. */
function reason(text: string): Error {
  return Object.assign(new Error(text), { name: '' })
}

/**
 * Waits until there is room again. When the server rejects a row, the driver destroys the stream, and no more `drain`
 * follows. As long as the system takes the data at once, `drain` comes before anything that the server said is read.
 */
function settleWrites(stream: Writable): Promise<void> {
  return new Promise((resolve) => {
    const finish = () => {
      stream.off('drain', finish).off('close', finish)
      setImmediate(resolve)
    }
    stream.on('drain', finish).on('close', finish)
    if (stream.destroyed) finish()
  })
}
