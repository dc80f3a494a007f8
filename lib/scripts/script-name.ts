import { parseVersion, type Version } from './version.js'

/**
 * What a script is for: `V` versioned, `U` undo, `R` repeatable, `B` baseline as in Flyway, and our own `UR`, which drops
 * what the `R` file of the same description created.
 */
export type ScriptKind = 'versioned' | 'undo' | 'repeatable' | 'drop' | 'baseline'

/** How the files of a folder may be named. */
export const namings = ['flyway', 'up-down', 'numbered'] as const

export type Naming = (typeof namings)[number]

/** A file name that was understood, or the reason why it was not. */
export type ParsedScriptName =
  | { readonly ok: true; readonly kind: ScriptKind; readonly version: Version | null; readonly description: string }
  | { readonly ok: false; readonly reason: string }

/** Longest prefix first: `UR` begins with `U`. Prefixes are case-sensitive, as in Flyway. */
const prefixes: readonly { readonly prefix: string; readonly kind: ScriptKind; readonly hasVersion: boolean }[] = [
  { prefix: 'UR', kind: 'drop', hasVersion: false },
  { prefix: 'V', kind: 'versioned', hasVersion: true },
  { prefix: 'U', kind: 'undo', hasVersion: true },
  { prefix: 'R', kind: 'repeatable', hasVersion: false },
  { prefix: 'B', kind: 'baseline', hasVersion: true },
]

const separator = '__'
const suffix = '.sql'
const callback = /^(?:before|after|createSchema)/i

/** The `version` column of Flyway's history table is VARCHAR(50). */
const longestVersion = 50

/** Whether a file is looked at at all: its name ends in `.sql`, in any case. */
export function isSqlFileName(fileName: string): boolean {
  return fileName.toLowerCase().endsWith(suffix)
}

/** Whether a file that is no script is named like a callback, in any style of naming; its folder's list of events decides. */
export function isNamedLikeCallback(fileName: string): boolean {
  return callback.test(fileName)
}

/**
 * Reads a file name by Flyway's grammar: prefix, version, `__`, description, `.sql`.
 *
 * The version ends at the first `__`. In the description every `_` becomes a space and nothing is trimmed, so
 * `V1___init.sql` has the description ` init`, as Flyway records it. `V1.sql` and `R.sql` have an empty description.
 *
 * @param fileName the last part of the path, with its suffix
 * @returns kind, version and description, or a reason that can be shown to the user as it is
 * @example parseScriptName('V20260105_100000__iam_foundation.sql')
 */
export function parseScriptName(fileName: string): ParsedScriptName {
  if (!isSqlFileName(fileName)) return refuse(`its name does not end in ${suffix}`)
  const stem = fileName.slice(0, -suffix.length)
  const match = prefixes.find((candidate) => stem.startsWith(candidate.prefix))
  if (match === undefined) return refuse(reasonForUnknownPrefix(stem))

  const [head, description] = splitOnce(stem.slice(match.prefix.length))
  const kind = match.kind
  if (!match.hasVersion) {
    if (head === '') return { ok: true, kind, version: null, description }
    const expected = `${match.prefix}${separator}<description>${suffix}`
    return refuse(`a name that begins with ${match.prefix} has no version; expected ${expected}`)
  }
  const expected = `${match.prefix}<version>${separator}<description>${suffix}`
  if (head === '') return refuse(`it has no version; expected ${expected}`)
  const version = parseVersion(head)
  if (version === null) {
    const hint = /\.(?:up|down)$/i.test(stem) ? ", or the option naming: 'up-down'" : ''
    return refuse(`"${head}" is not a version (digits, parted by . or _); expected ${expected}${hint}`)
  }
  if (version.text.length > longestVersion) {
    return refuse(`its version is longer than ${longestVersion} characters, which the history table cannot hold`)
  }
  return { ok: true, kind, version, description }
}

function splitOnce(text: string): readonly [head: string, description: string] {
  const at = text.indexOf(separator)
  if (at === -1) return [text, '']
  return [text.slice(0, at), text.slice(at + separator.length).replaceAll('_', ' ')]
}

function reasonForUnknownPrefix(stem: string): string {
  if (/^\d/.test(stem)) {
    const naming = /\.(?:up|down)$/i.test(stem) ? 'up-down' : 'numbered'
    return `its name begins with a number, which is the style of the option naming: '${naming}'`
  }
  if (/^(?:v|u|b)\d|^(?:r|ur)__/i.test(stem)) return 'prefixes are upper-case: V, U, R, UR or B'
  return 'its name begins with none of the prefixes V, U, R, UR and B'
}

function refuse(reason: string): ParsedScriptName {
  return { ok: false, reason }
}
