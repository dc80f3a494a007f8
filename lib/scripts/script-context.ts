import type { ErrorCode } from '../errors/error-codes.js'
import type { SchemawayError } from '../errors/schemaway-error.js'
import { excerptAt } from './excerpt.js'
import { scriptError } from './script-error.js'
import type { ScriptPlace } from './script-file.js'
import { positionAt, type SourcePosition } from './source-position.js'

/** What the steps of parsing need in order to point into the file, although they look at the text that is sent. */
export interface ScriptContext {
  /** Place in the file of an offset in the text that is sent; `offset` is then one in the file. */
  locate(offset: number): SourcePosition & { readonly offset: number }
  /** An error at an offset of the text that is sent, with an excerpt of the file. */
  errorAt(code: ErrorCode, offset: number, message: string): SchemawayError
}

/**
 * @param source the text of the file
 * @param toSource translates an offset of the text that is sent into one of `source`
 */
export function createScriptContext(
  where: ScriptPlace,
  source: string,
  toSource: (offset: number) => number = (offset) => offset,
): ScriptContext {
  const locate = (offset: number) => {
    const inSource = Math.min(toSource(offset), source.length)
    return { ...positionAt(source, inSource), offset: inSource }
  }
  return {
    locate,
    errorAt(code, offset, message) {
      const position = locate(offset)
      return scriptError(code, where, position, message, excerptAt(source, position.line, position.column))
    },
  }
}
