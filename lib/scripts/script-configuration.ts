import { nearestName } from './nearest-name.js'
import { scriptError } from './script-error.js'
import type { ScriptPlace } from './script-file.js'

/** What Flyway's script configuration, the file `<script>.conf` beside a script, says about it. */
export interface ScriptConfiguration {
  readonly executeInTransaction?: boolean
  readonly shouldExecute?: boolean
  readonly placeholderReplacement?: boolean
  readonly encoding?: string
}

const keys = ['executeInTransaction', 'shouldExecute', 'placeholderReplacement', 'encoding'] as const

/**
 * Reads a script configuration: lines `key=value`; empty ones and those that begin with `#` say nothing.
 *
 * @param where the `.conf` file
 * @throws `INVALID_SCRIPT` with the line for an unknown or repeated key, and for a value that is neither true nor false
 * @see https://documentation.red-gate.com/flyway/reference/script-configuration
 */
export function readScriptConfiguration(text: string, where: ScriptPlace): ScriptConfiguration {
  const found: { -readonly [Key in keyof ScriptConfiguration]: ScriptConfiguration[Key] } = {}
  for (const [index, line] of text
    .replace(/^\ufeff/, '')
    .split(/\r\n|\n|\r/)
    .entries()) {
    const trimmed = line.trim()
    if (trimmed === '' || trimmed.startsWith('#')) continue
    const fail = (message: string) => scriptError('INVALID_SCRIPT', where, { line: index + 1, column: 1 }, message)
    const equals = trimmed.indexOf('=')
    if (equals === -1) throw fail('a script configuration consists of lines key=value.')
    // Some write the names as in Flyway's own configuration.
    const name = trimmed
      .slice(0, equals)
      .trim()
      .replace(/^flyway\./, '')
    const value = trimmed.slice(equals + 1).trim()
    const key = keys.find((one) => one === name)
    if (key === undefined) {
      const nearest = nearestName(name, keys)
      throw fail(
        `"${name}" is not known. ${nearest === null ? `Known are ${keys.join(', ')}.` : `Did you mean "${nearest}"?`}`,
      )
    }
    if (found[key] !== undefined) throw fail(`"${key}" is given twice. Remove one.`)
    if (key === 'encoding') found.encoding = value
    else if (/^(true|false)$/i.test(value)) found[key] = value.toLowerCase() === 'true'
    else throw fail(`${key} is either true or false.`)
  }
  return found
}
