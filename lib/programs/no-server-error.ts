import { ServerError } from '../run/server-error.js'

/** Stands where an error of the server is expected, for a failure that is none of the server's. */
export function noServerError(message: string, sqlState: string): ServerError {
  return new ServerError(
    new Map([
      ['C', sqlState],
      ['M', message],
    ]),
    [],
  )
}
