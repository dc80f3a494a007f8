import type { Config } from '../config/read-options.js'
import { hasWildcards, regExpOfGlob } from '../scripts/glob.js'
import { translateToUtf8 } from '../scripts/other-encodings.js'
import { type Naming, parseOtherScriptName } from '../scripts/other-script-names.js'
import { defaultMarks, type PlaceholderMarks } from '../scripts/placeholders.js'
import type { ReadingRules } from '../scripts/read-directory.js'

export type FileOptions = Pick<
  Config,
  | 'placeholderReplacement'
  | 'placeholderPrefix'
  | 'placeholderSuffix'
  | 'encoding'
  | 'naming'
  | 'ignore'
  | 'failOnMissingLocations'
>

/** How the scripts of one folder of the user's are read. Loaded only where an option asks for more than Flyway's defaults. */
export function readingRules(options: FileOptions, naming: Naming): ReadingRules {
  const { encoding, ignore } = options
  const marks = marksOf(options)
  const ignored = ignore.map((pattern) => regExpOfGlob(pattern.replace(/^\.\//, '').replace(/\/$/, '')))
  const isIgnored = new RegExp(`^(?:${ignored.join('|')})$`)
  return {
    ...(naming !== 'flyway' && { parseName: (fileName: string) => parseOtherScriptName(fileName, naming) }),
    ...(ignored.length > 0 && { isIgnored: (path: string) => isIgnored.test(path) }),
    ...(encoding !== 'utf-8' && { toUtf8: (bytes: Buffer) => translateToUtf8(bytes, encoding) }),
    ...(marks !== undefined && { placeholderMarks: marks }),
  }
}

function marksOf(options: FileOptions): PlaceholderMarks | null | undefined {
  if (!options.placeholderReplacement) return null
  const { placeholderPrefix: prefix, placeholderSuffix: suffix } = options
  return prefix === defaultMarks.prefix && suffix === defaultMarks.suffix ? undefined : { prefix, suffix }
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
  const pattern = regExpOfGlob(parts.slice(first).join('/'), '[^/]+?')
  if (last.includes('.') && hasWildcards(last)) {
    const files = new RegExp(`^${pattern}$`)
    return { directory, placeOf: (path) => (files.test(path) ? path : null) }
  }
  const folder = new RegExp(`^${pattern}/(.*)$`)
  return { directory, placeOf: (path) => folder.exec(path)?.[1] ?? null }
}
