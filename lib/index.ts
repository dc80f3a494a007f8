export {
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
} from './commands/commands.js'
export { createMigrator, type Migrator } from './commands/create-migrator.js'
export type {
  AdoptReport,
  BaselineReport,
  CleanReport,
  CreatedPartition,
  DefaultPartitionRows,
  DroppedObject,
  DroppedPartition,
  FilesReport,
  InfoReport,
  MaintainReport,
  MigratedReport,
  MigrationInfo,
  RepairReport,
  ReportedMigration,
  RunReport,
  SeededFile,
  SeedReport,
  UpkeepFailure,
  UpkeepReport,
  ValidateReport,
} from './commands/report.js'
export type {
  AdoptOptions,
  AssertOptions,
  BaselineOptions,
  CleanOptions,
  CommonOptions,
  ConnectionChoice,
  InfoOptions,
  LockingOptions,
  Logger,
  MaintainOptions,
  MigrateOptions,
  RepairOptions,
  Retention,
  RoleNames,
  RollbackOptions,
  SeedOptions,
  UndoOptions,
  ValidateFilesOptions,
  ValidateOptions,
  WaitOptions,
  WritingOptions,
} from './config/options.js'
export type { ErrorCode } from './errors/error-codes.js'
export {
  type Blocker,
  type ErrorDetails,
  type Problem,
  SchemawayError,
  type TableWithRows,
} from './errors/schemaway-error.js'
export type { MigrationState } from './history/migration-state.js'
export { type BundledModuleName, bundled } from './modules/bundled.js'
export { defineModule, type Module, type ModuleDefinition } from './modules/define-module.js'
export type { ConnectionOptions, PostgresClient } from './run/connection-target.js'
export type {
  MigrationEvent,
  RepairAction,
  RepairedRow,
  RepairedValues,
  ScriptReference,
  StepAction,
} from './run/events.js'
