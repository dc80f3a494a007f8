/** A text whose placeholders were replaced, and the way back to the text in the file. */
export interface ReplacedText {
  readonly text: string
  /** Names that were replaced, lower-case, each once, in the order of their first use. */
  readonly used: readonly string[]
  /**
   * Translates an offset in the replaced text into one in the source, both in UTF-16 units. Any offset inside a value
   * becomes the start of its placeholder, so an error can show the file without showing a value.
   */
  toSource(offset: number): number
}

/** As much as could be replaced. */
export interface Substitution extends ReplacedText {
  /** Offset in the source of the first placeholder without a value; null when all have one. */
  readonly unknownAt: number | null
}

/** One replacement: what stood at `sourceStart` up to `sourceEnd` now stands at `start` up to `end`. */
interface Replacement {
  readonly start: number
  readonly end: number
  readonly sourceStart: number
  readonly sourceEnd: number
}

const prefix = '${'
const suffix = '}'

/**
 * Replaces `${name}` everywhere, up to the first placeholder without a value. It imports nothing, since a start that finds
 * nothing to do needs it for the checksums of repeatables; {@link import('./replace-placeholders.js')} explains.
 */
export function substitutePlaceholders(text: string, values: ReadonlyMap<string, string>): Substitution {
  const used = new Set<string>()
  const replacements: Replacement[] = []
  let replaced = ''
  let copied = 0
  const put = (sourceStart: number, sourceEnd: number, value: string) => {
    replaced += text.slice(copied, sourceStart)
    const start = replaced.length
    replaced += value
    replacements.push({ start, end: replaced.length, sourceStart, sourceEnd })
    copied = sourceEnd
  }

  let unknownAt: number | null = null
  let open = text.indexOf(prefix)
  while (open !== -1) {
    const inner = open + prefix.length
    if (text[open - 1] === '$') {
      put(open - 1, open, '')
      open = text.indexOf(prefix, inner)
      continue
    }
    const close = text.indexOf(suffix, inner)
    const name = close === -1 ? null : text.slice(inner, close).toLowerCase()
    const value = name === null ? undefined : values.get(name)
    if (name === null || value === undefined) {
      unknownAt = open
      break
    }
    used.add(name)
    put(open, close + suffix.length, value)
    open = text.indexOf(prefix, copied)
  }
  if (replacements.length === 0) return { text, used: [], toSource: (offset) => offset, unknownAt }
  return {
    text: replaced + text.slice(copied),
    used: [...used],
    toSource: (offset) => findSource(replacements, offset),
    unknownAt,
  }
}

function findSource(replacements: readonly Replacement[], offset: number): number {
  let low = 0
  let high = replacements.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((replacements[middle]?.start ?? 0) <= offset) low = middle + 1
    else high = middle
  }
  const last = replacements[low - 1]
  if (last === undefined) return offset
  return offset < last.end ? last.sourceStart : last.sourceEnd + offset - last.end
}
