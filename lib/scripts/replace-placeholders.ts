import { nearestName } from './nearest-name.js'
import { defaultMarks, type PlaceholderMarks, type ReplacedText, substitutePlaceholders } from './placeholders.js'
import { scriptError } from './script-error.js'
import type { ScriptPlace } from './script-file.js'
import { positionAt } from './source-position.js'

/** How much of a name is repeated in a message: braces far apart hold code in another language. */
const longestName = 60

/**
 * Replaces `${name}` everywhere: in statements, strings, function bodies and comments, as Flyway does.
 *
 * A name is whatever stands before the next `}` of the same line, spaces included; case does not matter. Values are put
 * in as they are and not searched again. `$${` writes a literal `${`, which is ours: Flyway has no escape. A dollar quote
 * directly before a brace must therefore be written with a tag and an escape, or with a space: `$$ {"a": 1}$$`.
 *
 * @param values values by lower-case name, for example `role_owner` or `flyway:defaultschema`
 * @param marks others than `${`, `}` and `:`; another prefix knows no escape, as in Flyway; null leaves the text as it is
 * @throws `UNKNOWN_PLACEHOLDER` for a name without a value, an empty name, and `${` that is not closed on its line
 * @example replacePlaceholders('GRANT USAGE ON SCHEMA iam TO ${role_app};', new Map([['role_app', 'app']]), where).text
 */
export function replacePlaceholders(
  text: string,
  values: ReadonlyMap<string, string>,
  where: ScriptPlace,
  marks: PlaceholderMarks | null = defaultMarks,
): ReplacedText {
  const replaced = substitutePlaceholders(text, values, marks)
  if (replaced.unknownAt === null || marks === null) return replaced
  const position = positionAt(text, replaced.unknownAt)
  throw scriptError('UNKNOWN_PLACEHOLDER', where, position, describeUnknown(text, replaced.unknownAt, values, marks))
}

export function describeUnknown(
  text: string,
  open: number,
  values: ReadonlyMap<string, string>,
  { prefix, suffix, separator }: PlaceholderMarks,
): string {
  const literally =
    prefix === defaultMarks.prefix
      ? 'write $${ for a literal ${'
      : `choose another placeholderPrefix if ${prefix} is meant literally`
  const close = text.indexOf(suffix, open + prefix.length)
  const name = text.slice(open + prefix.length, close)
  if (close === -1 || /[\r\n]/.test(name)) {
    return `${prefix} is not closed by ${suffix} on its line. Close it, or ${literally}.`
  }
  if (name === '') return `${prefix}${suffix} names no placeholder. Name one, or ${literally}.`
  const shown = name.length > longestName ? `${name.slice(0, longestName)}…` : name
  const nearest = nearestName(
    name,
    [...values.keys()].map((key) => key.replace(/^flyway:/, () => `flyway${separator}`)),
  )
  const question = nearest === null ? '' : ` Did you mean ${prefix}${nearest}${suffix}?`
  const key = /^[a-z_]\w*$/i.test(name) ? name : `'${shown}'`
  return `no value is given for ${prefix}${shown}${suffix}.${question} Pass placeholders: { ${key}: '...' }, or ${literally}.`
}
