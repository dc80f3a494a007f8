import { z } from 'zod'
import { callbackEvents, impossibleEvents } from '../callbacks/callback-events.js'
import { SchemawayError } from '../errors/schemaway-error.js'
import { encodingOf } from '../scripts/encodings.js'
import { nearestName } from '../scripts/nearest-name.js'
import { type CommandName, commandNames } from './command-names.js'
import type { OptionKind, OptionSpecification } from './option-kind.js'
import { isObject, isPlainObject, isStorable, longestRetention, plainRoleName } from './read-options.js'
import { wholeOptionNames, wholeOptionNamesOf, wholeOptionTable } from './whole-option-table.js'

const storable = z.string('must be text').refine(isStorable, 'must not contain NUL or half a character')
const text = storable.min(1, 'must not be empty')
const object = z.custom<object>(isObject, 'must be an object')
const plainObject = z.custom<Readonly<Record<string, unknown>>>(isPlainObject, 'must be a plain object')
const callable = z.custom<object>((value) => typeof value === 'function', 'must be a function')
const fileUrl = z.instanceof(URL).refine((url) => url.protocol === 'file:', 'must be a file: URL')
const location = z.union([text, fileUrl], 'must be a path or a file: URL')
const role = z
  .string('must be a role name')
  .regex(plainRoleName, 'must be a plain lower-case role name that PostgreSQL does not reserve, such as "acme_owner"')
const retentionRange = `must be a whole number from 1 to ${longestRetention}`
const retention = z.strictObject(
  { months: z.int(retentionRange).min(1, retentionRange).max(longestRetention, retentionRange) },
  'must be an object such as { months: 24 }',
)
const roles = z.strictObject({ owner: role, app: role, worker: role, readonly: role })

/**
 * The strict zod schema of one command's options, built from the options table. What the object inherits is not looked
 * at, as in the fast check.
 */
export function optionsSchema(command: CommandName): z.ZodType {
  const shape = Object.fromEntries(
    wholeOptionNamesOf(command).map((name) => [name, schemaOfKind(wholeOptionTable[name].kind).optional()]),
  )
  return z
    .custom<object>(isObject, 'must be an object, such as { url: process.env.DATABASE_URL }')
    .transform((options) => ({ ...options }))
    .pipe(z.strictObject(shape))
}

/**
 * Throws INVALID_OPTIONS with every problem in one message. Returns when the options are right after all, which the
 * fast check may be too strict to see.
 */
export function explainOptions(command: CommandName, options: unknown): void {
  const result = optionsSchema(command).safeParse(options)
  if (result.success) return
  const problems = result.error.issues.flatMap((issue) => describeIssue(command, issue))
  const [first] = problems
  throw new SchemawayError(
    'INVALID_OPTIONS',
    `${command}() was called with ${problems.length === 1 ? 'an option' : 'options'} that cannot be used: ` +
      `${problems.map((problem) => problem.message).join('; ')}. See docs/configuration.md for every option.`,
    { details: { problems, ...(first?.option !== undefined && { option: first.option }) } },
  )
}

interface OptionProblem {
  readonly kind: 'UNKNOWN_OPTION' | 'INVALID_OPTION'
  readonly message: string
  readonly option?: string
}

function describeIssue(command: CommandName, issue: z.core.$ZodIssue): readonly OptionProblem[] {
  const option = issue.path.join('.')
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      kind: 'UNKNOWN_OPTION',
      option: option === '' ? key : `${option}.${key}`,
      message: option === '' ? describeUnknownOption(command, key) : describeUnknownKey(option, key),
    }))
  }
  if (option === '') return [{ kind: 'INVALID_OPTION', message: `the argument ${issue.message}` }]
  return [{ kind: 'INVALID_OPTION', option, message: `\`${option}\` ${issue.message}` }]
}

function describeUnknownOption(command: CommandName, key: string): string {
  const known = wholeOptionNames.find((name) => name === key)
  if (known === undefined) return `\`${key}\` is not an option${suggest(key, wholeOptionNamesOf(command))}`
  const { commands }: OptionSpecification = wholeOptionTable[known]
  const taking = commandNames.filter((name) => commands?.includes(name))
  return `\`${key}\` is an option of ${taking.map((name) => `${name}()`).join(', ')} only`
}

/** Of the options, only `roles`, `retention` and `hooks` hold names of ours. */
function describeUnknownKey(option: string, key: string): string {
  if (option === 'hooks') {
    const reason = Object.hasOwn(impossibleEvents, key) ? impossibleEvents[key] : undefined
    return reason === undefined
      ? `\`hooks\` has no event \`${key}\`${suggest(key, callbackEvents)}`
      : `\`hooks\` has no event \`${key}\`: ${reason}`
  }
  return `\`${option}\` has no \`${key}\`${suggest(key, Object.keys((option === 'roles' ? roles : retention).shape))}`
}

function suggest(word: string, names: readonly string[]): string {
  const nearest = nearestName(word, names)
  return nearest === null ? '' : `, did you mean \`${nearest}\`?`
}

function schemaOfKind(kind: OptionKind): z.ZodType {
  switch (kind.type) {
    case 'url':
      return z.union([text, z.instanceof(URL)], 'must be a connection URL')
    case 'connection':
    case 'logger':
      return object
    case 'client':
      return z.custom<object>(
        (value) => typeof value === 'function' && 'options' in value,
        'must be a postgres.js client, as postgres() returns it',
      )
    case 'modules':
      return z
        .array(
          z.union([text, object], 'must be a module name or a module from defineModule()'),
          'must be a list of module names and modules',
        )
        .min(1, 'must name at least one module')
    case 'locations':
      return z.union(
        [location, z.array(location).min(1, 'must name at least one folder')],
        'must be a path, a file: URL, or a list of them',
      )
    case 'list': {
      const list = z.array(text, 'must be a list of texts')
      return kind.mayBeEmpty ? list : list.min(1, 'must name at least one')
    }
    case 'texts':
      return plainObject.pipe(z.record(z.string(), storable))
    case 'roles':
      return plainObject.pipe(roles.partial())
    case 'retention':
      return plainObject.pipe(z.record(z.string(), retention))
    case 'signal':
      return z.instanceof(AbortSignal, { message: 'must be an AbortSignal' })
    case 'listener':
      return callable
    case 'hooks':
      return plainObject.pipe(
        z.strictObject(Object.fromEntries(callbackEvents.map((event) => [event, callable.optional()]))),
      )
    case 'boolean':
      return z.boolean('must be true or false')
    case 'identifier':
      return text.refine(
        (value) => Buffer.byteLength(value) <= kind.longest,
        `must not be longer than ${kind.longest} bytes`,
      )
    case 'text':
      return text
    case 'integer': {
      const range = `must be a whole number from ${kind.minimum} to ${kind.maximum}`
      return z.int(range).min(kind.minimum, range).max(kind.maximum, range)
    }
    case 'choice':
      return z.enum(
        kind.values as [string, ...string[]],
        `must be ${kind.values.map((value) => `'${value}'`).join(' or ')}`,
      )
    case 'encoding':
      return storable.refine(
        (name) => encodingOf(name) !== null,
        `must be ${kind.values.map((value) => `'${value}'`).join(' or ')}, or another name that Java has for one of them`,
      )
    default:
      return kind satisfies never
  }
}
