export {
  assertMigrated,
  info,
  maintain,
  migrate,
  rollback,
  seed,
  validate,
  waitUntilMigrated,
} from './commands/commands.js'
export { createMigrator, type Migrator } from './commands/create-migrator.js'
export type {
  CreatedPartition,
  DefaultPartitionRows,
  DroppedPartition,
  InfoReport,
  MaintainReport,
  MigratedReport,
  MigrationInfo,
  ReportedMigration,
  RunReport,
  SeededFile,
  SeedReport,
  UpkeepFailure,
  UpkeepReport,
  ValidateReport,
} from './commands/report.js'
export type {
  AssertOptions,
  CommonOptions,
  ConnectionChoice,
  InfoOptions,
  LockingOptions,
  Logger,
  MaintainOptions,
  MigrateOptions,
  Retention,
  RoleNames,
  RollbackOptions,
  SeedOptions,
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
export type { MigrationEvent, ScriptReference, StepAction } from './run/events.js'
