import type { CommandName } from '../config/command-names.js'
import { optionNamesOf, optionTable } from '../config/option-table.js'
import type {
  AdoptOptions,
  BaselineOptions,
  CleanOptions,
  CommonOptions,
  MaintainOptions,
  MigrateOptions,
  RepairOptions,
  RollbackOptions,
  SeedOptions,
  UndoOptions,
  ValidateFilesOptions,
  WaitOptions,
} from '../config/options.js'
import { findSuspectOption, isObject } from '../config/read-options.js'
import { SchemawayError } from '../errors/schemaway-error.js'
import {
  adopt,
  assertMigrated,
  baseline,
  clean,
  info,
  maintain,
  migrate,
  repair,
  rollback,
  seed,
  undo,
  validate,
  validateFiles,
  waitUntilMigrated,
} from './commands.js'
import type {
  AdoptReport,
  BaselineReport,
  CleanReport,
  FilesReport,
  InfoReport,
  MaintainReport,
  MigratedReport,
  RepairReport,
  RunReport,
  SeedReport,
  ValidateReport,
} from './report.js'

/** The commands with their options already chosen; each takes further options for one call. */
export interface Migrator {
  migrate(options?: MigrateOptions): Promise<RunReport>
  rollback(options?: RollbackOptions): Promise<RunReport>
  /** Its target is given with the call; that of the migrator is for `migrate()`. */
  undo(options?: UndoOptions): Promise<RunReport>
  info(): Promise<InfoReport>
  validate(): Promise<ValidateReport>
  /** Needs no database; that of the migrator is not looked at. */
  validateFiles(options?: ValidateFilesOptions): Promise<FilesReport>
  assertMigrated(): Promise<MigratedReport>
  waitUntilMigrated(options?: Pick<WaitOptions, 'timeout' | 'interval' | 'signal'>): Promise<MigratedReport>
  maintain(options?: MaintainOptions): Promise<MaintainReport>
  seed(options: SeedOptions): Promise<SeedReport>
  baseline(options?: BaselineOptions): Promise<BaselineReport>
  repair(options?: RepairOptions): Promise<RepairReport>
  clean(options?: CleanOptions): Promise<CleanReport>
  adopt(options: AdoptOptions): Promise<AdoptReport>
}

/**
 * Chooses database, modules and behaviour once, for several commands.
 *
 * @throws SchemawayError `INVALID_OPTIONS` at once when an option is unknown or plainly wrong; names in `hooks` and `encoding` are
 *   judged by the first command.
 * @example
 * const migrator = createMigrator({ url, modules: ['iam'], logger: console })
 * await migrator.migrate()
 * await migrator.rollback({ steps: 2 })
 * await migrator.maintain()
 */
export function createMigrator(options: MigrateOptions): Migrator {
  const suspect = findSuspectOption('createMigrator', withoutLaterJudged(options))
  if (suspect !== null) throw wrongOption(suspect)
  const chosen = Object.freeze({ ...options })
  return Object.freeze({
    migrate: (more: MigrateOptions = {}) => migrate({ ...chosen, ...more }),
    rollback: (more: RollbackOptions = {}) => rollback({ ...only('rollback', chosen), ...more }),
    undo: (more: UndoOptions = {}) => undo({ ...only('undo', chosen), target: undefined, ...more }),
    info: () => info(only('info', chosen)),
    validate: () => validate(only('validate', chosen)),
    validateFiles: (more: ValidateFilesOptions = {}) => validateFiles({ ...only('validateFiles', chosen), ...more }),
    assertMigrated: () => assertMigrated(only('assertMigrated', chosen)),
    waitUntilMigrated: (more: Pick<WaitOptions, 'timeout' | 'interval' | 'signal'> = {}) =>
      waitUntilMigrated({ ...only('waitUntilMigrated', chosen), ...more }),
    maintain: (more: MaintainOptions = {}) => maintain({ ...only('maintain', chosen), ...more }),
    seed: (more: SeedOptions) => seed({ ...only('seed', chosen), ...more }),
    baseline: (more: BaselineOptions = {}) => baseline({ ...only('baseline', chosen), ...more }),
    repair: (more: RepairOptions = {}) => repair({ ...only('repair', chosen), ...more }),
    clean: (more: CleanOptions = {}) => clean({ ...only('clean', chosen), ...more }),
    adopt: (more: AdoptOptions) => adopt({ ...only('adopt', chosen), ...more }),
  })
}

/** The names of events and encodings are not loaded for a synchronous check; the first command judges them. */
function withoutLaterJudged(options: unknown): unknown {
  if (!isObject(options)) return options
  const { hooks: _hooks, encoding: _encoding, ...others } = options
  return others
}

/** A command refuses options of others, so those that it does not take are left out. */
function only(command: CommandName, options: MigrateOptions): CommonOptions {
  const known: readonly string[] = optionNamesOf(command)
  return Object.fromEntries(Object.entries(options).filter(([name]) => known.includes(name)))
}

/** Zod explains better, but it is not loaded for a synchronous check. */
function wrongOption(name: string): SchemawayError {
  const reason = Object.hasOwn(optionTable, name)
    ? `\`${name}\` cannot be used here, or has a wrong value: ${optionTable[name as keyof typeof optionTable].text}`
    : `\`${name}\` is not an option. Known are ${optionNamesOf('createMigrator').join(', ')}.`
  return new SchemawayError('INVALID_OPTIONS', `createMigrator() was called with a wrong option: ${reason}`, {
    details: { option: name },
  })
}
