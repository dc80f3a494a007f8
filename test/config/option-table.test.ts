import assert from 'node:assert/strict'
import test from 'node:test'
import {
  type CommandName,
  type OptionKind,
  type OptionName,
  type OptionSpecification,
  optionNames,
  optionNamesOf,
  optionTable,
} from '../../lib/config/option-table.js'
import type {
  AssertOptions,
  InfoOptions,
  MaintainOptions,
  MigrateOptions,
  RollbackOptions,
  SeedOptions,
  ValidateOptions,
  WaitOptions,
} from '../../lib/config/options.js'
import { findSuspectOption } from '../../lib/config/read-options.js'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
type Table = typeof optionTable

/** Names of the options that the table gives a command. */
type NamesOf<Command extends CommandName> = {
  [Name in OptionName]: Table[Name] extends { readonly commands: readonly (infer Listed)[] }
    ? Command extends Listed
      ? Name
      : never
    : Name
}[OptionName]

/** What the TypeScript type of an option of a kind has to be; `unknown` where the kind does not decide it. */
type ValueOf<Kind extends OptionKind> = Kind extends { readonly type: 'choice'; readonly values: readonly (infer V)[] }
  ? V
  : Kind extends { readonly type: 'boolean' }
    ? boolean
    : Kind extends { readonly type: 'integer' }
      ? number
      : Kind extends { readonly type: 'text' | 'identifier' }
        ? string
        : Kind extends { readonly type: 'texts' }
          ? Readonly<Record<string, string>>
          : Kind extends { readonly type: 'signal' }
            ? AbortSignal
            : Kind extends { readonly type: 'url' }
              ? string | URL
              : unknown

type AllOptions = MigrateOptions & RollbackOptions & WaitOptions & MaintainOptions & SeedOptions
type WrongType = {
  [Name in OptionName]: unknown extends ValueOf<Table[Name]['kind']>
    ? never
    : Equal<NonNullable<AllOptions[Name]>, ValueOf<Table[Name]['kind']>> extends true
      ? never
      : Name
}[OptionName]

/** Compiles only while table and types agree; what is false here is a key that one of them lacks. */
const agreement: {
  readonly migrate: Equal<keyof MigrateOptions, NamesOf<'migrate'>>
  readonly rollback: Equal<keyof RollbackOptions, NamesOf<'rollback'>>
  readonly info: Equal<keyof InfoOptions, NamesOf<'info'>>
  readonly validate: Equal<keyof ValidateOptions, NamesOf<'validate'>>
  readonly assertMigrated: Equal<keyof AssertOptions, NamesOf<'assertMigrated'>>
  readonly waitUntilMigrated: Equal<keyof WaitOptions, NamesOf<'waitUntilMigrated'>>
  readonly maintain: Equal<keyof MaintainOptions, NamesOf<'maintain'>>
  readonly seed: Equal<keyof SeedOptions, NamesOf<'seed'>>
  readonly createMigrator: Equal<keyof MigrateOptions, NamesOf<'createMigrator'>>
  readonly values: Equal<WrongType, never>
} = {
  migrate: true,
  rollback: true,
  info: true,
  validate: true,
  assertMigrated: true,
  waitUntilMigrated: true,
  maintain: true,
  seed: true,
  createMigrator: true,
  values: true,
}

test('table and TypeScript types name the same options, with the same types, for every command', () => {
  assert.ok(Object.values(agreement).every(Boolean))
})

test('options of writing, rolling back, waiting, upkeep and seeds are refused by commands that do something else', () => {
  const only = (command: CommandName): readonly string[] =>
    optionNamesOf(command).filter((name) => 'commands' in optionTable[name])
  const scripts = ['modules', 'locations', 'placeholders']
  const outOfOrder = 'outOfOrder'
  const reading = [...scripts, outOfOrder]
  const locking = ['waitForLock', 'lockTimeout', 'lockRetries', 'statementTimeout']
  assert.deepEqual(only('migrate'), [...scripts, 'transaction', outOfOrder, ...locking, 'partitionsAhead'])
  assert.deepEqual(only('createMigrator'), only('migrate'))
  const rollingBack = ['steps', 'to', 'run', 'allowDataLoss']
  assert.deepEqual(only('rollback'), [...scripts, 'transaction', outOfOrder, ...locking, ...rollingBack])
  assert.deepEqual(only('maintain'), [...locking, 'partitionsAhead', 'retention'])
  assert.deepEqual(only('seed'), [...reading, ...locking, 'set', 'organisationId'])
  assert.deepEqual(only('waitUntilMigrated'), [...reading, 'timeout', 'interval'])
  for (const command of ['info', 'validate', 'assertMigrated'] as const) assert.deepEqual(only(command), reading)
})

test('every default passes the check of its own option', () => {
  for (const name of optionNames) {
    const specification: OptionSpecification = optionTable[name]
    if (specification.default === null) continue
    const command = specification.commands?.[0] ?? 'info'
    assert.equal(findSuspectOption(command, { [name]: specification.default }), null, name)
  }
})

test('every option is described in one or more whole sentences', () => {
  for (const name of optionNames) assert.match(optionTable[name].text, /^[`A-Z].*\.$/, name)
})
