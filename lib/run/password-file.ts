import { readFileSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import type { ServerAddress } from './connection-target.js'

/**
 * Looks a password up in a file in libpq's format: lines of `host:port:database:user:password`, where `*` stands for
 * anything and a backslash keeps the next character as it is. A Unix socket goes by its directory or as `localhost`.
 *
 * As in libpq, a file that others may read is ignored.
 */
export function lookUpPassword(
  file: string,
  address: ServerAddress,
  login: { readonly database: string; readonly user: string },
): string | null {
  const hosts = address.kind === 'tcp' ? [address.host] : [dirname(address.path), 'localhost']
  for (const line of readLines(file)) {
    if (line.startsWith('#')) continue
    const [host = '', port = '', database = '', user = '', ...password] = splitFields(line)
    if (password.length === 0) continue
    const matches =
      hosts.some((one) => agrees(host, one)) &&
      agrees(port, String(address.port)) &&
      agrees(database, login.database) &&
      agrees(user, login.user)
    if (matches) return withoutBackslashes(password.join(':'))
  }
  return null
}

function readLines(file: string): string[] {
  try {
    const { mode } = statSync(file)
    if (process.platform !== 'win32' && (mode & 0o077) !== 0) return []
    return readFileSync(file, 'utf8').split(/\r?\n/)
  } catch {
    // Missing or unreadable: there is no password then, and the server says so if it wants one.
    return []
  }
}

/** Fields of one line, still with their backslashes, which tell an escaped `*` from a mere one. */
function splitFields(line: string): string[] {
  return (line.match(/(?:^|:)(?:\\.|[^:\\])*/g) ?? []).map((field) => field.replace(/^:/, ''))
}

function agrees(pattern: string, value: string): boolean {
  return pattern === '*' || withoutBackslashes(pattern) === value
}

function withoutBackslashes(text: string): string {
  return text.replace(/\\(.)/g, '$1')
}
