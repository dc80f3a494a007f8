import { type ParsedScript, parseScript } from '../scripts/parse-script.js'
import type { ScriptFile } from '../scripts/script-file.js'
import type { LoadedFiles } from './load-scripts.js'

/** What a script becomes with so many different values of its placeholders is kept at the most. */
const mostVariants = 8

/** The scripts of several databases: read once, and parsed once for all that give their placeholders the same values. */
export interface SharedScripts {
  readonly files: LoadedFiles
  readonly parse: typeof parseScript
}

/**
 * Lets several runs with the same options share what they read and parse. What was read first is what all of them get: a
 * file that is edited meanwhile counts with its old text, and a big one, which is read again, is refused by its reader.
 */
export function shareScripts(files: LoadedFiles): SharedScripts {
  const known = new WeakMap<ScriptFile, Map<string, ParsedScript>>()
  return {
    files,
    parse: (file, values, options) => {
      const variants = known.get(file) ?? new Map<string, ParsedScript>()
      // Which placeholders a file has is the same in each of its variants.
      const [any] = variants.values()
      const found = any === undefined ? undefined : variants.get(keyOf(any, values))
      if (found !== undefined) return found
      const parsed = parseScript(file, values, options)
      const [oldest] = variants.keys()
      if (variants.size === mostVariants && oldest !== undefined) variants.delete(oldest)
      variants.set(keyOf(parsed, values), parsed)
      known.set(file, variants)
      return parsed
    },
  }
}

/** The values that make the difference. */
function keyOf({ placeholders }: ParsedScript, values: ReadonlyMap<string, string>): string {
  return JSON.stringify(placeholders.map((name) => values.get(name) ?? null))
}
