import assert from 'node:assert/strict'
import test from 'node:test'
import {
  addressing,
  type CommandName,
  commandNames,
  connecting,
  locking,
  reading,
} from '../../lib/config/command-names.js'
import { optionsSchema } from '../../lib/config/explain-options.js'
import type { OptionKind, OptionSpecification } from '../../lib/config/option-kind.js'
import { optionTable as startTable } from '../../lib/config/option-table.js'
import type {
  AdoptOptions,
  AssertOptions,
  BaselineOptions,
  CleanOptions,
  InfoOptions,
  MaintainOptions,
  MigrateAllOptions,
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
import {
  type WholeOptionName as OptionName,
  wholeOptionNames as optionNames,
  wholeOptionNamesOf as optionNamesOf,
  wholeOptionTable as optionTable,
} from '../../lib/config/whole-option-table.js'
import { encodings } from '../../lib/scripts/encodings.js'

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
  ValidateFilesOptions &
  Omit<MigrateAllOptions, 'onEvent'>
type WrongType = {
  [Name in OptionName]: unknown extends ValueOf<Table[Name]['kind']>
    ? never
    : Equal<NonNullable<AllOptions[Name]>, ValueOf<Table[Name]['kind']>> extends true
      ? never
      : Name
}[OptionName]

/** Compiles only while table and types agree; what is false here is a key that one of them lacks. */
const agreement: { readonly [Command in CommandName]: true } & {
  readonly migrate: Equal<keyof MigrateOptions, NamesOf<'migrate'>>
  readonly migrateAll: Equal<keyof MigrateAllOptions, NamesOf<'migrateAll'>>
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
  readonly validateFiles: Equal<keyof ValidateFilesOptions, NamesOf<'validateFiles'>>
  readonly createMigrator: Equal<keyof MigrateOptions, NamesOf<'createMigrator'>>
  readonly values: Equal<WrongType, never>
} = {
  migrate: true,
  migrateAll: true,
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
  validateFiles: true,
  createMigrator: true,
  values: true,
}

test('table and TypeScript types name the same options, with the same types, for every command', () => {
  assert.ok(Object.values(agreement).every(Boolean))
})

/** Options that a list of commands has in common. */
function optionsOf(commands: readonly CommandName[]): readonly OptionName[] {
  return optionNames.filter((name) => commandsOf(name) === commands)
}

function commandsOf(name: OptionName): readonly CommandName[] | undefined {
  const { commands }: OptionSpecification = optionTable[name]
  return commands
}

/** Options of a command that not every command has. */
function ownOptions(command: CommandName): readonly string[] {
  return optionNamesOf(command)
    .filter((name) => commandsOf(name) !== undefined)
    .toSorted()
}

test('a command takes the options that mean something to it, and no other', () => {
  const session = optionsOf(connecting)
  const database = [...optionsOf(addressing), ...session]
  const scripts = ['modules', 'locations', ...optionsOf(reading)]
  const locksOnce = [...database, ...optionsOf(locking)]
  const locks = [...locksOnce, 'lockRetries']
  const recorded = [...locks, 'installedBy']
  const baseline = ['baselineVersion', 'baselineDescription']
  const looking = [...database, ...scripts, 'outOfOrder', 'target', 'cherryPick']
  const judging = [...looking, 'ignoreMigrationPatterns']
  const running = [...recorded, ...scripts, 'transaction', 'mixed', 'hooks']
  const migrate = [
    ...new Set([...judging, ...running, ...baseline]),
    'validateOnMigrate',
    'skipExecutingMigrations',
    'baselineOnMigrate',
    'partitionsAhead',
  ]
  const expected: { readonly [Command in CommandName]: readonly string[] } = {
    migrate,
    createMigrator: migrate,
    migrateAll: [
      ...migrate.filter((name) => !optionsOf(addressing).some((own) => own === name)),
      'concurrency',
      'stopOnFailure',
      'timeoutPerTarget',
      'only',
      'onResult',
    ],
    rollback: [...running, 'steps', 'to', 'run', 'allowDataLoss'],
    undo: [...running, 'target', 'allowDataLoss'],
    info: [...looking, 'hooks'],
    validate: [...judging, 'hooks'],
    assertMigrated: judging,
    waitUntilMigrated: [...judging, 'timeout', 'interval'],
    maintain: [...locks, 'partitionsAhead', 'retention'],
    seed: [...locks, 'modules', 'outOfOrder', 'ignoreMigrationPatterns', 'target', 'set', 'organisationId'],
    baseline: [...recorded, ...scripts, ...baseline, 'hooks'],
    repair: [...recorded, ...scripts, 'ignoreMigrationPatterns', 'hooks', 'versions', 'unfinished', 'preview'],
    clean: [...locks, ...scripts, 'hooks', 'cleanDisabled', 'preview'],
    adopt: [...locksOnce, 'installedBy', ...scripts, 'from', 'applied', 'fromTable', 'preview'],
    validateFiles: [...scripts, 'mixed', 'requireUndo'],
  }
  for (const command of commandNames) assert.deepEqual(ownOptions(command), expected[command].toSorted(), command)
})

test('the encodings of the table are all that can be read', () => {
  assert.deepEqual(optionTable.encoding.kind.values, encodings)
})

test('every default passes the check of its own option', () => {
  for (const name of optionNames) {
    const specification: OptionSpecification = optionTable[name]
    if (specification.default === null) continue
    const command = specification.commands?.[0] ?? 'info'
    assert.ok(optionsSchema(command).safeParse({ [name]: specification.default }).success, name)
    // What a start does not load is judged by the schema alone.
    if (name in startTable) assert.equal(findSuspectOption(command, { [name]: specification.default }), null, name)
  }
})

test('every option is described in one or more whole sentences', () => {
  for (const name of optionNames) assert.match(optionTable[name].text, /^[`A-Z].*\.$/, name)
})
