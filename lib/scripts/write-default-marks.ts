import {
  defaultMarks,
  dollarPlaceholder,
  endOfMark,
  findMark,
  nameOfPlaceholder,
  type PlaceholderMarks,
} from './placeholders.js'

/**
 * Rewrites a text so that replacing its placeholders with the default marks gives what replacing them with its own marks
 * gives. The ledger keeps texts like that: whoever runs one later may have chosen other marks meanwhile.
 *
 * @param marks of the text; null when nothing in it is a placeholder, undefined when it has the default ones
 * @example writeDefaultMarks("SELECT <<x>>, '${y}'", { prefix: '<<', suffix: '>>' }) // "SELECT ${x}, '$${y}'"
 */
export function writeDefaultMarks(text: string, marks: PlaceholderMarks | null | undefined): string {
  if (marks === undefined) return text
  let written = ''
  let copied = 0
  let mark = marks === null ? null : findMark(text, 0, marks)
  while (marks !== null && mark !== null && mark.kind !== 'unclosed') {
    written += escapeLiteral(text.slice(copied, mark.start))
    copied = mark.end
    if (mark.kind === 'placeholder') {
      // Each of them, since a dollar sign that is left would make the built-in placeholder behind it a literal one.
      written =
        written.replace(/\$+$/, (dollars) => write(dollarPlaceholder).repeat(dollars.length)) +
        write(nameFor(mark.name, marks))
    }
    mark = findMark(text, endOfMark(mark), marks)
  }
  return written + escapeLiteral(text.slice(copied))
}

function nameFor(name: string, marks: PlaceholderMarks): string {
  return marks.separator === defaultMarks.separator ? name : (nameOfPlaceholder(name, marks) ?? name)
}

function write(name: string): string {
  return `${defaultMarks.prefix}${name}${defaultMarks.suffix}`
}

function escapeLiteral(literal: string): string {
  return literal.replaceAll(defaultMarks.prefix, () => `$${defaultMarks.prefix}`)
}
