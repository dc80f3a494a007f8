import { z } from 'zod'
import { SchemawayError } from '../errors/schemaway-error.js'
import { nearestName } from '../scripts/nearest-name.js'
import { isPlainObject, maximumIdentifierBytes, plainRoleName } from './matches-kind.js'
import {
  type CommandName,
  type OptionKind,
  type OptionSpecification,
  optionNames,
  optionNamesOf,
  optionTable,
} from './option-table.js'

const text = z
  .string()
  .min(1, 'must not be empty')
  .refine((value) => !value.includes('\0'), 'must not contain NUL')
const plainObject = z.custom<object>(isPlainObject, 'must be an object')
const fileUrl = z.instanceof(URL).refine((url) => url.protocol === 'file:', 'must be a file: URL')
const location = z.union([text, fileUrl], 'must be a path or a file: URL')
const callable = z.custom<object>((value) => typeof value === 'function', 'must be a function')

/** The strict zod schema of one command's options, built from the options table. */
export function optionsSchema(command: CommandName): z.ZodType {
  const shape = Object.fromEntries(
    optionNamesOf(command).map((name) => [name, schemaOfKind(optionTable[name].kind).optional()]),
  )
  return z.strictObject(shape)
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
  readonly kind: string
  readonly message: string
  readonly option?: string
}

function describeIssue(command: CommandName, issue: z.core.$ZodIssue): OptionProblem[] {
  if (issue.code === 'unrecognized_keys' && issue.path.length === 0) {
    return issue.keys.map((key) => ({ kind: 'UNKNOWN_OPTION', option: key, message: describeUnknown(command, key) }))
  }
  const option = issue.path.join('.')
  const subject = option === '' ? 'the argument' : `\`${option}\``
  if (issue.code === 'unrecognized_keys') {
    return [{ kind: 'INVALID_OPTION', option, message: `${subject} has no ${issue.keys.map(quote).join(', ')}` }]
  }
  return [{ kind: 'INVALID_OPTION', option, message: `${subject} ${issue.message}` }]
}

function describeUnknown(command: CommandName, key: string): string {
  if (optionNames.some((name) => name === key)) {
    const { commands }: OptionSpecification = optionTable[key as keyof typeof optionTable]
    return `\`${key}\` is an option of ${commands?.map((name) => `${name}()`).join(', ')} only`
  }
  const nearest = nearestName(key, optionNamesOf(command))
  return `\`${key}\` is not an option${nearest === null ? '' : `, did you mean \`${nearest}\`?`}`
}

function quote(name: string): string {
  return `\`${name}\``
}

function schemaOfKind(kind: OptionKind): z.ZodType {
  switch (kind.type) {
    case 'url':
      return z.union([text, z.instanceof(URL)], 'must be a connection URL')
    case 'connection':
    case 'logger':
      return plainObject
    case 'client':
      return callable.refine((value) => 'options' in value, 'must be a postgres.js client')
    case 'modules':
      return z
        .array(z.union([text, plainObject], 'must be a module name or a module from defineModule()'))
        .min(1, 'must name at least one module')
    case 'locations':
      return z.union(
        [location, z.array(location).min(1, 'must name at least one folder')],
        'must be a path, a file: URL, or a list of them',
      )
    case 'texts':
      return z.record(z.string(), z.string('must be text'), 'must be an object of texts')
    case 'roles': {
      const role = z
        .string('must be a role name')
        .regex(plainRoleName, 'must be a plain lower-case role name such as "acme_owner"')
      return z.strictObject({ owner: role, app: role, worker: role, readonly: role }).partial()
    }
    case 'signal':
      return z.instanceof(AbortSignal, { message: 'must be an AbortSignal' })
    case 'listener':
      return callable
    case 'boolean':
      return z.boolean('must be true or false')
    case 'identifier':
      return text.refine(
        (value) => Buffer.byteLength(value) <= maximumIdentifierBytes,
        `must not be longer than ${maximumIdentifierBytes} bytes`,
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
    default:
      return kind satisfies never
  }
}
