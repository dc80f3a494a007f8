/** What a placeholder begins and ends with, and what stands behind `flyway` in the name of a built-in one. */
export interface PlaceholderMarks {
  readonly prefix: string
  readonly suffix: string
  readonly separator: string
}

/** Those of bundled scripts, of the texts that the ledger keeps, and of everything else unless the caller says otherwise. */
export const defaultMarks: PlaceholderMarks = { prefix: '${', suffix: '}', separator: ':' }

/** Name of the built-in placeholder that stands for a dollar sign, where one directly before another would be an escape. */
export const dollarPlaceholder = 'schemaway:dollar'

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

/** A place in a text where something is replaced. */
export type Mark =
  /** The dollar sign that makes the `${` behind it a literal one. */
  | { readonly kind: 'escape'; readonly start: number; readonly end: number }
  | { readonly kind: 'placeholder'; readonly start: number; readonly end: number; readonly name: string }
  | { readonly kind: 'unclosed'; readonly start: number }

/** The first mark of a text at or behind an offset; behind an escape, search on from the end of its `${`. */
export function findMark(text: string, from: number, { prefix, suffix }: PlaceholderMarks): Mark | null {
  const open = text.indexOf(prefix, from)
  if (open === -1) return null
  // Other marks than Flyway's default were chosen not to collide with anything, so they need no escape.
  if (prefix === defaultMarks.prefix && text[open - 1] === '$') return { kind: 'escape', start: open - 1, end: open }
  const inner = open + prefix.length
  const close = text.indexOf(suffix, inner)
  if (close === -1) return { kind: 'unclosed', start: open }
  return { kind: 'placeholder', start: open, end: close + suffix.length, name: text.slice(inner, close) }
}

/**
 * The name under which a value is known, which is in lower case and has a colon for a separator; null for one that, with
 * another separator, names nothing.
 */
export function nameOfPlaceholder(name: string, { separator }: PlaceholderMarks): string | null {
  const key = name.toLowerCase()
  if (separator === defaultMarks.separator) return key
  const own = `flyway${separator.toLowerCase()}`
  if (key.startsWith(own)) return `flyway:${key.slice(own.length)}`
  return key.startsWith('flyway:') ? null : key
}

/** Where to look for the next mark. */
export function endOfMark(mark: Exclude<Mark, { readonly kind: 'unclosed' }>): number {
  return mark.kind === 'escape' ? mark.end + defaultMarks.prefix.length : mark.end
}

/**
 * Replaces placeholders everywhere, up to the first one without a value. It imports nothing, since a start that finds
 * nothing to do needs it for the checksums of repeatables; {@link import('./replace-placeholders.js')} explains.
 *
 * @param marks null when the text is to stay as it is
 */
export function substitutePlaceholders(
  text: string,
  values: ReadonlyMap<string, string>,
  marks: PlaceholderMarks | null = defaultMarks,
): Substitution {
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
  let mark = marks === null ? null : findMark(text, 0, marks)
  while (marks !== null && mark !== null) {
    const name = mark.kind === 'placeholder' ? nameOfPlaceholder(mark.name, marks) : null
    const value = name === null ? undefined : values.get(name)
    if (mark.kind === 'escape') put(mark.start, mark.end, '')
    else if (mark.kind === 'unclosed' || name === null || value === undefined) {
      unknownAt = mark.start
      break
    } else {
      used.add(name)
      put(mark.start, mark.end, value)
    }
    mark = findMark(text, endOfMark(mark), marks)
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
