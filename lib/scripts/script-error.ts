import type { ErrorCode } from '../errors/error-codes.js'
import { SchemawayError } from '../errors/schemaway-error.js'
import type { ScriptPlace } from './script-file.js'
import type { SourcePosition } from './source-position.js'

/**
 * An error about one place in one script; its message begins with script, line and column.
 *
 * @param excerpt lines of the file around the place. They are source text, so they show no placeholder's value
 */
export function scriptError(
  code: ErrorCode,
  where: ScriptPlace,
  position: SourcePosition,
  message: string,
  excerpt?: string,
): SchemawayError {
  const { script, file, module, version } = where
  const { line, column } = position
  return new SchemawayError(code, `${script}, line ${line}, column ${column}: ${message}`, {
    details: {
      script,
      file,
      ...(module !== undefined && { module }),
      ...(version && { version: version.text }),
      line,
      column,
      ...(excerpt !== undefined && { excerpt }),
    },
  })
}
