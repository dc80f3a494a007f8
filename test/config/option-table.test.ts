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
  AdoptOptions,
  AssertOptions,
  BaselineOptions,
  CleanOptions,
  InfoOptions,
  MaintainOptions,
  MigrateOptions,
  RepairOptions,
  RollbackOptions,
  SeedOptions,
  UndoOptions,
  ValidateFilesOptions,
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
            : Kind extends { readonly type: 'list' }
              ? readonly string[]
              : Kind extends { readonly type: 'url' }
                ? string | URL
                : unknown

type AllOptions = MigrateOptions &
  RollbackOptions &
  WaitOptions &
  MaintainOptions &
  SeedOptions &
  RepairOptions &
  CleanOptions &
  AdoptOptions &
  ValidateFilesOptions
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
  readonly undo: Equal<keyof UndoOptions, NamesOf<'undo'>>
  readonly baseline: Equal<keyof BaselineOptions, NamesOf<'baseline'>>
  readonly repair: Equal<keyof RepairOptions, NamesOf<'repair'>>
  readonly clean: Equal<keyof CleanOptions, NamesOf<'clean'>>
  readonly adopt: Equal<keyof AdoptOptions, NamesOf<'adopt'>>
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
  undo: true,
  baseline: true,
  repair: true,
  clean: true,
  adopt: true,
  createMigrator: true,
  values: true,
}

test('table and TypeScript types name the same options, with the same types, for every command', () => {
  assert.ok(Object.values(agreement).every(Boolean))
})

test('options of writing, rolling back, waiting, upkeep and seeds are refused by commands that do something else', () => {
  // What says which scripts there are is for everybody but maintain(), which reads none.
  const ofScripts = optionNames.filter((name) => commandsOf(name) === commandsOf('modules'))
  assert.ok(optionNamesOf('maintain').every((name) => !ofScripts.includes(name)))
  const only = (command: CommandName): readonly string[] =>
    optionNamesOf(command).filter((name) => 'commands' in optionTable[name] && !ofScripts.includes(name))
  const locking = ['waitForLock', 'lockTimeout', 'lockRetries', 'statementTimeout']
  const recording = [...locking, 'installedBy']
  const targeting = ['target', 'cherryPick']
  const baseline = ['baselineVersion', 'baselineDescription']
  const sorted = (command: CommandName): readonly string[] => only(command).toSorted()
  assert.deepEqual(
    sorted('migrate'),
    [
      'transaction',
      ...targeting,
      'validateOnMigrate',
      'skipExecutingMigrations',
      'baselineOnMigrate',
      ...baseline,
      'mixed',
      ...recording,
      'partitionsAhead',
    ].toSorted(),
  )
  assert.deepEqual(only('createMigrator'), only('migrate'))
  assert.deepEqual(sorted('rollback'), ['transaction', ...recording, 'steps', 'to', 'run', 'allowDataLoss'].toSorted())
  assert.deepEqual(sorted('undo'), ['transaction', ...recording, 'target', 'allowDataLoss'].toSorted())
  assert.deepEqual(sorted('baseline'), [...recording, ...baseline].toSorted())
  assert.deepEqual(sorted('repair'), [...recording, 'versions', 'preview'].toSorted())
  assert.deepEqual(sorted('clean'), [...recording, 'cleanDisabled', 'preview'].toSorted())
  assert.deepEqual(sorted('adopt'), [...recording, 'from', 'applied', 'fromTable', 'preview'].toSorted())
  assert.deepEqual(sorted('maintain'), [...locking, 'partitionsAhead', 'retention'].toSorted())
  assert.deepEqual(sorted('seed'), [...locking, 'set', 'organisationId'].toSorted())
  assert.deepEqual(sorted('waitUntilMigrated'), [...targeting, 'timeout', 'interval'].toSorted())
  for (const command of ['info', 'validate', 'assertMigrated'] as const) {
    assert.deepEqual(sorted(command), targeting.toSorted())
  }
  assert.deepEqual(sorted('validateFiles'), ['requireUndo', 'mixed'].toSorted())
})

function commandsOf(name: OptionName): readonly CommandName[] | undefined {
  const { commands }: OptionSpecification = optionTable[name]
  return commands
}

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
