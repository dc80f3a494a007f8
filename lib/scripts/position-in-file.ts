import type { BigFile } from './big-file.js'
import { excerptAt } from './excerpt.js'
import type { SourcePosition } from './source-position.js'

const lineFeed = 10
const carriageReturn = 13
const stepBack = 1 << 16
/** A text that is longer than this may not fit into a string. */
const longestExcerpt = 1 << 28
/** Lines around the place, as in every excerpt. */
const contextLines = 3

/**
 * As `positionAt()`, for a byte of a file that is not in memory: reads what stands before.
 *
 * @param from begin of the line that counts as the first
 */
export function positionInFile(file: BigFile, offset: number, from = 0): SourcePosition {
  const target = Math.min(offset, file.size)
  let line = 1
  let begin = from === 0 && startsWithByteOrderMark(file) ? 3 : from
  let at = begin
  let isAfterReturn = false
  for (const chunk of file.chunks({ from: begin, to: target })) {
    if (isAfterReturn || chunk.includes(carriageReturn)) {
      for (const [index, byte] of chunk.entries()) {
        if (isAfterReturn && byte !== lineFeed) {
          line++
          begin = at + index
        }
        isAfterReturn = byte === carriageReturn
        if (byte !== lineFeed) continue
        line++
        begin = at + index + 1
      }
    } else {
      for (let index = chunk.indexOf(lineFeed); index !== -1; index = chunk.indexOf(lineFeed, index + 1)) {
        line++
        begin = at + index + 1
      }
    }
    at += chunk.length
  }
  if (isAfterReturn && file.read(target, Math.min(target + 1, file.size))[0] !== lineFeed) {
    line++
    begin = target
  }
  let column = 1
  for (const chunk of file.chunks({ from: begin, to: target })) {
    // A byte that continues a character is no column.
    for (const byte of chunk) if ((byte & 0xc0) !== 0x80) column++
  }
  return { line, column }
}

function startsWithByteOrderMark(file: BigFile): boolean {
  const [first, second, third] = file.read(0, Math.min(3, file.size))
  return first === 0xef && second === 0xbb && third === 0xbf
}

/** The lines around a byte of a file that is not in memory; nothing when they are too long to be shown. */
export function excerptOfFile(file: BigFile, offset: number, { line, column }: SourcePosition): string {
  const from = lineBegin(file, offset)
  const to = lineEnd(file, offset)
  if (to - from > longestExcerpt) return ''
  const linesBefore = line - positionInFile(file, offset, from).line
  const text = file.read(from, to).toString('utf8')
  return excerptAt(from === 0 && text.charCodeAt(0) === 0xfeff ? text.slice(1) : text, line, column, linesBefore)
}

/** Begin of the line that stands `contextLines` before the one of `offset`. */
function lineBegin(file: BigFile, offset: number): number {
  let breaks = 0
  for (let to = offset; to > 0; ) {
    const from = Math.max(to - stepBack, 0)
    const bytes = file.read(from, to)
    for (let at = bytes.lastIndexOf(lineFeed); at !== -1; at = at === 0 ? -1 : bytes.lastIndexOf(lineFeed, at - 1)) {
      breaks++
      if (breaks > contextLines) return from + at + 1
    }
    to = from
  }
  return 0
}

/** Behind the line that stands `contextLines` behind the one of `offset`. */
function lineEnd(file: BigFile, offset: number): number {
  let breaks = 0
  let begin = offset
  for (const chunk of file.chunks({ from: offset, length: stepBack })) {
    for (let at = chunk.indexOf(lineFeed); at !== -1; at = chunk.indexOf(lineFeed, at + 1)) {
      breaks++
      if (breaks > contextLines) return begin + at + 1
    }
    begin += chunk.length
  }
  return file.size
}
