/** A stretch of text, as UTF-16 offsets. */
export interface TextRange {
  readonly start: number
  /** Behind the last character. */
  readonly end: number
}

/**
 * Replaces stretches of a text by spaces, keeping line breaks, so that every offset and line number still holds.
 *
 * @param ranges in ascending order, not overlapping
 */
export function blankOut(text: string, ranges: readonly TextRange[]): string {
  let blanked = ''
  let copied = 0
  for (const { start, end } of ranges) {
    blanked += text.slice(copied, start) + text.slice(start, end).replace(/[^\r\n]/g, ' ')
    copied = end
  }
  return blanked + text.slice(copied)
}
