/** The version of a script, comparable to any length. */
export interface Version {
  /** How history shows it: `_` became `.`, leading zeros and trailing `.0` are kept. */
  readonly text: string
  /** The numbers, most significant first, without trailing zeros (the first one always stays). Not JSON. */
  readonly parts: readonly bigint[]
}

const grammar = /^\d+(?:\.\d+)*$/

/**
 * Reads a version by Flyway's rule: `_` counts as `.`, each part is an integer of any size.
 *
 * Two of Flyway's accidents are refused: a sign (`-1`, `+1`) and digits outside ASCII. So are its marker words `latest`,
 * `next` and `current`, which mean nothing in a file name.
 *
 * @param text what stands between the prefix and `__` in a file name, or a version as a user types it
 * @returns the version, or `null` when `text` is not one
 * @example parseVersion('20260105_100000')?.text // '20260105.100000'
 */
export function parseVersion(text: string): Version | null {
  const display = text.replaceAll('_', '.')
  if (!grammar.test(display)) return null
  const parts = display.split('.').map((part) => BigInt(part))
  while (parts.length > 1 && parts.at(-1) === 0n) parts.pop()
  return { text: display, parts }
}

/**
 * Orders two versions; a missing part counts as 0, so `1` and `1.0` are equal and `1.10` is above `1.9`.
 *
 * @returns a negative number, 0 or a positive number, as `Array.prototype.sort` wants it
 */
export function compareVersions(a: Version, b: Version): number {
  const length = Math.max(a.parts.length, b.parts.length)
  for (let index = 0; index < length; index++) {
    const left = a.parts[index] ?? 0n
    const right = b.parts[index] ?? 0n
    if (left !== right) return left < right ? -1 : 1
  }
  return 0
}

/** Whether two versions are the same migration, however they are written. */
export function equalVersions(a: Version, b: Version): boolean {
  return compareVersions(a, b) === 0
}

/** The same text for equal versions, however they are written. */
export function versionKey(version: Version): string {
  return version.parts.join('.')
}

/** Up to where a command goes: Flyway's `target`. */
export type Target =
  | { readonly kind: 'latest' | 'current' | 'next' }
  /** `mustExist` unless a question mark stands behind it. */
  | { readonly kind: 'version'; readonly version: Version; readonly mustExist: boolean }

/**
 * Reads a target as Flyway does: `latest`, `current` and `next` in any case, or a version; `?` behind it says that no
 * migration need have that version.
 *
 * @returns null when it is none of these.
 */
export function parseTarget(text: string): Target | null {
  const mustExist = !text.endsWith('?')
  const name = mustExist ? text : text.slice(0, -1)
  const word = name.toLowerCase()
  if (word === 'latest' || word === 'current' || word === 'next') return { kind: word }
  const version = parseVersion(name)
  return version === null ? null : { kind: 'version', version, mustExist }
}
