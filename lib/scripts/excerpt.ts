const contextLines = 3
const longestLine = 120
/** How much of a long line is kept to the left of the caret. */
const leftOfCaret = 80

/**
 * The lines of a file around a place, numbered, with a caret under the column.
 *
 * Tabs stay tabs in the caret's line so that it lines up; lines over 120 characters are cut, the marked one around the
 * caret; control characters are shown as U+FFFD.
 *
 * @param line 1-based; beyond the text it means its last line
 * @param column 1-based, in code points; beyond the line it means its end
 * @param linesBefore lines of the file that stand before `source`, when that is a part of it
 * @returns up to eight lines, without a line break at the end
 * @example
 * `  1 | SELECT 1;
 *    2 | SELEC 2;
 *      | ^`
 */
export function excerptAt(source: string, line: number, column: number, linesBefore = 0): string {
  const { first: firstOfPart, lines } = linesAround(source, line - linesBefore)
  const first = firstOfPart + linesBefore
  const width = String(first + lines.length - 1).length
  const marked = Math.min(line - first, lines.length - 1)
  const rows: string[] = []
  for (const [index, content] of lines.entries()) {
    const margin = `  ${String(first + index).padStart(width)} |`
    if (index !== marked) {
      rows.push(`${margin} ${cut(content, 0)}`.trimEnd())
      continue
    }
    const caret = indexOfColumn(content, column)
    const from = content.length <= longestLine ? 0 : wholeCharacter(content, Math.max(0, caret - leftOfCaret))
    const indent = Array.from(content.slice(from, caret), blankOf).join('')
    rows.push(`${margin} ${cut(content, from)}`.trimEnd())
    rows.push(`${' '.repeat(margin.length - 1)}| ${from > 0 ? ' ' : ''}${indent}^`)
  }
  return rows.join('\n')
}

/** Walks only as far as needed: a script may be large. */
function linesAround(source: string, line: number): { first: number; lines: string[] } {
  const lineEnd = /\r\n|\n|\r/g
  const lines: string[] = []
  let number = 0
  let start = 0
  let match: RegExpExecArray | null
  do {
    match = lineEnd.exec(source)
    number++
    lines.push(source.slice(start, match?.index))
    start = lineEnd.lastIndex
    if (number <= line && lines.length > contextLines + 1) lines.shift()
  } while (match !== null && number < line + contextLines)
  // A line break at the very end begins no line worth showing, unless the place lies there.
  if (number > line && lines.at(-1) === '') {
    lines.pop()
    number--
  }
  return { first: number - lines.length + 1, lines }
}

function cut(content: string, from: number): string {
  const to = wholeCharacter(content, from + longestLine)
  const shown = content.slice(from, to).replace(/[^\P{Cc}\t]/gu, '\ufffd')
  return `${from > 0 ? '…' : ''}${shown}${to < content.length ? '…' : ''}`
}

/** UTF-16 index of a column in code points. */
function indexOfColumn(content: string, column: number): number {
  let index = 0
  for (let passed = 1; passed < column && index < content.length; passed++) {
    index += (content.codePointAt(index) ?? 0) > 0xffff ? 2 : 1
  }
  return index
}

/** Steps back when an index falls between the halves of a surrogate pair. */
function wholeCharacter(content: string, index: number): number {
  return index > 0 && (content.codePointAt(index - 1) ?? 0) > 0xffff ? index - 1 : index
}

/** White space as wide as the character: nothing under a combining mark, an ideographic space under a wide one. */
function blankOf(character: string): string {
  if (character === '\t') return '\t'
  if (/\p{M}/u.test(character)) return ''
  const isWide = /\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Script=Hangul}|\p{Emoji_Presentation}/u
  return isWide.test(character) ? '\u3000' : ' '
}
