import { isUtf8 } from 'node:buffer'
import type { SchemawayError } from '../errors/schemaway-error.js'
import { encodingError, looksLikeUtf16 } from './encoding-error.js'
import { scriptError } from './script-error.js'
import type { ScriptPlace } from './script-file.js'
import { positionAt, type SourcePosition } from './source-position.js'

/**
 * Decodes the bytes of a script: strict UTF-8, one leading byte order mark left out, line ends kept as they are.
 *
 * A NUL character is refused because the server would take it for the end of the text.
 *
 * @throws `INVALID_SCRIPT` with the byte offset, or for a NUL with its line
 */
export function decodeScript(bytes: Buffer, where: ScriptPlace): string {
  if (!isUtf8(bytes)) throw encodingError(bytes, where)
  const decoded = bytes.toString('utf8')
  const text = decoded.charCodeAt(0) === 0xfeff ? decoded.slice(1) : decoded
  const nul = text.indexOf('\0')
  if (nul === -1) return text
  throw nulError(where, positionAt(text, nul), bytes)
}

/** @param sample bytes from the beginning of the file */
export function nulError(where: ScriptPlace, position: SourcePosition, sample: Buffer): SchemawayError {
  const advice = looksLikeUtf16(sample) ? 'The file looks like UTF-16: save it as UTF-8.' : 'Remove it.'
  const message = `the text contains a NUL character, which PostgreSQL cannot read. ${advice}`
  return scriptError('INVALID_SCRIPT', where, position, message)
}
