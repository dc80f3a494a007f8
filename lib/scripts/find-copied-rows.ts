import type { BigFile } from './big-file.js'

const lineFeed = 10
const wanted = Buffer.from('\\.')
/** Enough to see the blanks around a mark in most files. */
const surroundings = 256

/** Where the rows of a COPY end in a file that is not in memory, as bytes. */
export interface CopiedRowsInFile {
  /** Begin of the line `\.`. */
  readonly end: number
  /** Where SQL goes on: behind the `\.`. */
  readonly next: number
  /** Whether something stands in the rows that cannot be sent as it is: the begin of a placeholder. */
  readonly holdPlaceholders: boolean
  /** First NUL in the rows; null when there is none. */
  readonly nul: number | null
}

/**
 * As `findCopyData()`: the rows reach up to a line that holds only `\.`, white space around it allowed.
 *
 * @param from first byte of the rows
 * @param prefix what a placeholder begins with; null when nothing is replaced
 * @param length of the chunks in which the file is read
 * @returns null when no such line follows
 */
export function findCopiedRows(
  file: BigFile,
  from: number,
  prefix: string | null,
  length?: number,
): CopiedRowsInFile | null {
  const mark = prefix === null ? null : Buffer.from(prefix)
  const overlap = Math.max(wanted.length, mark?.length ?? 0) - 1
  let holdPlaceholders = false
  let nul: number | null = null
  let begin = from
  for (const chunk of file.chunks({ from, overlap, ...(length !== undefined && { length }) })) {
    const found = findEnd(file, from, chunk, begin)
    const rows = found === null ? chunk : chunk.subarray(0, Math.max(found.end - begin, 0))
    if (mark !== null && !holdPlaceholders) holdPlaceholders = rows.includes(mark)
    const zero: number = nul === null ? rows.indexOf(0) : -1
    if (zero !== -1) nul = begin + zero
    if (found !== null) return { ...found, holdPlaceholders, nul }
    begin += chunk.length - overlap
  }
  return null
}

function findEnd(
  file: BigFile,
  first: number,
  chunk: Buffer,
  begin: number,
): { readonly end: number; readonly next: number } | null {
  for (let at = chunk.indexOf(wanted); at !== -1; at = chunk.indexOf(wanted, at + wanted.length)) {
    const before = chunk[at - 1]
    if (before !== undefined && before !== lineFeed && !isBlank(before)) continue
    const end = beginOfLine(file, first, begin + at)
    const next = end === null ? null : endOfBlanks(file, begin + at + wanted.length)
    if (end !== null && next !== null) return { end, next }
  }
  return null
}

/** Begin of the line of a byte when only blanks stand between, else `null`. */
function beginOfLine(file: BigFile, first: number, offset: number): number | null {
  for (let end = offset; end > first; ) {
    const from = Math.max(end - surroundings, first)
    const bytes = file.read(from, end)
    const other = bytes.findLastIndex((byte) => !isBlank(byte))
    if (other !== -1) return bytes[other] === lineFeed ? from + other + 1 : null
    end = from
  }
  return first
}

/** End of the blanks at a byte when the line or the file ends with them, else `null`. */
function endOfBlanks(file: BigFile, offset: number): number | null {
  for (let from = offset; from < file.size; ) {
    const bytes = file.read(from, Math.min(from + surroundings, file.size))
    const other = bytes.findIndex((byte) => !isBlank(byte))
    if (other !== -1) return bytes[other] === lineFeed ? from + other : null
    from += bytes.length
  }
  return file.size
}

function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0d
}
