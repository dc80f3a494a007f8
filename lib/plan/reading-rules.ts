import type { Config } from '../config/read-options.js'
import { hasWildcards, matchesGlob, pathBelowMatch, readGlob } from '../scripts/glob.js'
import { translateToUtf8 } from '../scripts/other-encodings.js'
import { parseOtherScriptName } from '../scripts/other-script-names.js'
import { defaultMarks, type PlaceholderMarks } from '../scripts/placeholders.js'
import type { ReadingRules } from '../scripts/read-directory.js'
import type { Naming } from '../scripts/script-name.js'

export type FileOptions = Pick<
  Config,
  | 'placeholderReplacement'
  | 'placeholderPrefix'
  | 'placeholderSuffix'
  | 'placeholderSeparator'
  | 'encoding'
  | 'naming'
  | 'ignore'
  | 'failOnMissingLocations'
>

/** How the scripts of one folder of the user's are read. Loaded only where an option asks for more than Flyway's defaults. */
export function readingRules(options: FileOptions, naming: Naming, ignored: IgnoreList | null): ReadingRules {
  const { encoding } = options
  const marks = marksOf(options)
  return {
    ...(naming !== 'flyway' && { parseName: (fileName: string) => parseOtherScriptName(fileName, naming) }),
    ...(ignored !== null && { isIgnored: (path: string) => ignored.covers(path) }),
    ...(encoding !== 'utf-8' && { toUtf8: (bytes: Buffer) => translateToUtf8(bytes, encoding) }),
    ...(marks !== undefined && { placeholderMarks: marks }),
  }
}

/** Null for none, undefined for the default ones. */
function marksOf(options: FileOptions): PlaceholderMarks | null | undefined {
  if (!options.placeholderReplacement) return null
  const { placeholderPrefix: prefix, placeholderSuffix: suffix, placeholderSeparator: separator } = options
  const isDefault =
    prefix === defaultMarks.prefix && suffix === defaultMarks.suffix && separator === defaultMarks.separator
  return isDefault ? undefined : { prefix, suffix, separator }
}

/** The option `ignore`, which remembers what it was good for. */
export class IgnoreList {
  readonly #patterns: readonly { readonly text: string; readonly glob: ReturnType<typeof readGlob> }[]
  readonly #used = new Set<string>()

  constructor(patterns: readonly string[]) {
    this.#patterns = patterns.map((text) => ({ text, glob: readGlob(text.replace(/^\.?\/+/, '').replace(/\/$/, '')) }))
  }

  /** @param path below the location or module, of a file or a folder */
  covers(path: string): boolean {
    let isCovered = false
    for (const { text, glob } of this.#patterns) {
      if (!matchesGlob(glob, path)) continue
      isCovered = true
      this.#used.add(text)
    }
    return isCovered
  }

  /** Patterns that stood for nothing so far. */
  get unused(): readonly string[] {
    return this.#patterns.flatMap(({ text }) => (this.#used.has(text) ? [] : [text]))
  }
}

/** A location with wildcards: the folder that is walked, and what a file's path in history is. */
export interface WildcardLocation {
  readonly directory: string
  readonly placeOf: NonNullable<ReadingRules['placeOf']>
}

/**
 * By Flyway's rule, a pattern stands for every folder that it matches; of several on the way to a file the outermost
 * counts, and the path in history begins below it. A pattern with a wildcard and a dot in its last part stands for files,
 * whose paths begin below the last folder without a wildcard.
 *
 * `**` at the end stands for all below. In Flyway it finds nothing.
 */
export function wildcardLocation(location: string): WildcardLocation {
  const parts = location
    .replaceAll('\\', '/')
    .replace(/(?:\/\*\*)+$/, '')
    .split('/')
  const first = parts.findIndex(hasWildcards)
  const fixed = first === -1 ? parts : parts.slice(0, first)
  const directory = fixed.join('/') || '/'
  if (first === -1) return { directory, placeOf: (path) => path }
  const last = parts.at(-1) ?? ''
  const glob = readGlob(parts.slice(first).join('/'), { fewest: 1 })
  if (last.includes('.') && hasWildcards(last)) {
    return { directory, placeOf: (path) => (matchesGlob(glob, path) ? path : null) }
  }
  return { directory, placeOf: (path) => pathBelowMatch(glob, path) }
}
