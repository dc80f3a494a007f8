import { nearestName } from './nearest-name.js'
import { scanStatements } from './scanner.js'
import { createScriptContext, type ScriptContext } from './script-context.js'
import type { ScriptPlace } from './script-file.js'
import type { ScriptKind } from './script-name.js'
import { parseVersion, type Version } from './version.js'

/** What the comments at the top of a script ask for. A key that is absent has its default. */
export interface Directives {
  /** `none`: run statement by statement outside a transaction. `default`: in the one that schemaway begins. */
  readonly transaction?: 'none' | 'default'
  /** A repeatable needs these versions; while one is not applied, the repeatable is left out. At least one. */
  readonly requires?: readonly Version[]
}

/** A `-- schemaway:` comment as it stands. */
export interface DirectiveComment {
  /** UTF-16 offset of the comment. */
  readonly offset: number
  readonly text: string
  /** Whether a statement stands before it. */
  readonly isLate: boolean
}

const keys = ['transaction', 'requires'] as const
type Key = (typeof keys)[number]

/** Also finds what was meant as a directive: no space after the dashes, another case, a forgotten colon. */
const mention = /^(?:--+|\/\*+)\s*schemaway(?:\s*:|\s+[\w-]+\s*=)/i
const grammar = /^--\s*schemaway:\s*([\w-]+)\s*=\s*(\S+)\s*$/

/**
 * Reads the directives of a script: lines `-- schemaway: key=value` before its first statement, one key a line.
 *
 * `transaction` is `none` or `default`; `requires` is a version, or several with commas between, and belongs in
 * repeatables. A directive that would have no effect is an error: unknown, repeated, malformed, in a block comment, or
 * after the first statement. Text inside strings and dollar quotes is never one.
 *
 * @param text the script, usually after placeholder replacement
 * @param context points errors into the file when `text` is not what the file holds
 * @throws `INVALID_DIRECTIVE` with the line
 * @example readDirectives('-- schemaway: requires=20260105.100300\n', { script, file, kind: 'repeatable' })
 */
export function readDirectives(
  text: string,
  where: ScriptPlace & { readonly kind: ScriptKind },
  context: ScriptContext = createScriptContext(where, text),
): Directives {
  const found = new Map<Key, string>()
  let requires: readonly Version[] | null = null
  let transaction: Directives['transaction']
  for (const comment of findDirectiveComments(text)) {
    const fail = (message: string) => context.errorAt('INVALID_DIRECTIVE', comment.offset, message)
    const match = grammar.exec(comment.text)
    const [, name = '', value = ''] = match ?? []
    if (match === null) throw fail('a directive has the form "-- schemaway: key=value", alone on its line.')
    const key = keys.find((candidate) => candidate === name)
    if (key === undefined) throw fail(describeUnknownKey(name))
    if (comment.isLate) throw fail('a directive after the first statement has no effect. Move it to the top.')
    if (found.has(key)) throw fail(`the directive "${key}" is given twice. Remove one.`)
    found.set(key, value)
    switch (key) {
      case 'transaction':
        if (value !== 'none' && value !== 'default') throw fail('transaction is either "none" or "default".')
        transaction = value
        break
      case 'requires':
        if (where.kind !== 'repeatable') throw fail('only repeatables (R__...) can require a version. Remove it.')
        requires = value.split(',').map((one) => {
          const version = parseVersion(one)
          if (version === null) throw fail(`"${one}" is not a version, such as 20260105.100300.`)
          return version
        })
        break
      default:
        key satisfies never
    }
  }
  return {
    ...(transaction !== undefined && { transaction }),
    ...(requires !== null && { requires }),
  }
}

/** The directive comments of a text in their order, well formed or not. */
export function findDirectiveComments(text: string): readonly DirectiveComment[] {
  if (!/schemaway/i.test(text)) return []
  // A byte order mark that is still there would count as a statement.
  const { statements, comments } = scanStatements(text.replace(/^\ufeff/, ' '))
  const firstStatement = statements.find((statement) => statement.kind !== 'psql-command')?.start ?? text.length
  return comments
    .map(({ start, end }) => ({ offset: start, text: text.slice(start, end), isLate: start > firstStatement }))
    .filter((comment) => mention.test(comment.text))
}

function describeUnknownKey(name: string): string {
  const nearest = nearestName(name, keys)
  const advice = nearest === null ? `Known are ${keys.join(' and ')}.` : `Did you mean "${nearest}"?`
  return `the directive "${name}" is not known. ${advice}`
}
