import type { Session } from '../run/session.js'

/** The encoding that a query has set, in which the server would store what follows as other letters; null for the one in use. */
export function otherEncodingOf({ parameters }: Session): string | null {
  const encoding = parameters.get('client_encoding') ?? 'UTF8'
  return encoding === 'UTF8' ? null : encoding
}
