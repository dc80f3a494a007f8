export type { CallbackEvent, Hook, HookContext, HookMigration, Hooks } from './callbacks/hooks.js'
export {
  adopt,
  assertMigrated,
  baseline,
  clean,
  info,
  maintain,
  migrate,
  migrateAll,
  repair,
  rollback,
  seed,
  undo,
  validate,
  validateFiles,
  waitUntilMigrated,
} from './commands/commands.js'
export { createMigrator, type Migrator } from './commands/create-migrator.js'
export { describeInfo } from './commands/describe-info.js'
export type { MigrateAllReport, TargetResult } from './commands/migrate-all-report.js'
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
  ReportedLock,
  ReportedMigration,
  RunReport,
  SeededFile,
  SeedReport,
  SettledScript,
  UpkeepFailure,
  UpkeepReport,
  ValidateReport,
} from './commands/report.js'
export type {
  AdoptOptions,
  AssertOptions,
  BaselineNames,
  BaselineOptions,
  CleanOptions,
  CommonOptions,
  ComparingOptions,
  ConnectionChoice,
  ConnectionSettings,
  HookOptions,
  InfoOptions,
  JudgingOptions,
  LockingOptions,
  Logger,
  LookingOptions,
  MaintainOptions,
  MigrateAllOptions,
  MigrateOptions,
  MigrationTarget,
  MigrationTargets,
  PickingOptions,
  ReadingOptions,
  RecordingOptions,
  RepairOptions,
  Retention,
  RoleNames,
  RollbackOptions,
  SeedOptions,
  SelectionOptions,
  SharedOptions,
  TargetOptions,
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
export type {
  BackfillOptions,
  MigrationContext,
  MigrationProgram,
  MigrationProgress,
  MigrationSql,
  Savepoint,
  SqlFragment,
  SqlParameter,
  SqlQuery,
  SqlRows,
} from './programs/program.js'
export type {
  ConnectionOptions,
  Password,
  PostgresClient,
  TargetSessionAttributes,
} from './run/connection-target.js'
export type {
  MigrationEvent,
  RepairAction,
  RepairedRow,
  RepairedValues,
  ScriptReference,
  StepAction,
  TargetEvent,
} from './run/events.js'
export type { Encoding } from './scripts/encodings.js'
export type { Naming } from './scripts/script-name.js'
