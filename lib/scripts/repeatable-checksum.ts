import { checksumOfText } from './checksum.js'
import { defaultMarks, substitutePlaceholders } from './placeholders.js'
import type { ScriptFile } from './script-file.js'

/**
 * The checksum that Flyway stores for a repeatable: that of its text after placeholder replacement. For a file without
 * placeholders it is the one of its bytes.
 *
 * With a placeholder that has no value, it is the checksum of a text that never was applied: the file counts as changed,
 * and parsing it explains why it cannot run.
 */
export function checksumOfRepeatable(file: ScriptFile, values: ReadonlyMap<string, string>): number {
  const { placeholderMarks: marks = defaultMarks } = file
  const { big } = file
  if (marks === null || !(big ?? file.bytes).includes(marks.prefix)) return file.checksum
  if (big !== undefined) {
    // A placeholder does not go beyond its line, and nothing is replaced behind one without a value.
    let isUnknown = false
    const replace = (lines: string): string => {
      if (isUnknown) return lines
      const { text, unknownAt } = substitutePlaceholders(lines, values, marks)
      isUnknown = unknownAt !== null
      return text
    }
    return big.checksum(replace) ?? file.checksum
  }
  // The byte order mark stays in this text on purpose: checksumOfText leaves out exactly one.
  return checksumOfText(substitutePlaceholders(file.bytes.toString('utf8'), values, marks).text)
}
