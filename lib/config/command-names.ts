/** Every command, in the order in which documentation lists them. */
export const commandNames = [
  'migrate',
  'migrateAll',
  'rollback',
  'info',
  'validate',
  'assertMigrated',
  'waitUntilMigrated',
  'maintain',
  'seed',
  'undo',
  'baseline',
  'repair',
  'clean',
  'adopt',
  'validateFiles',
  'createMigrator',
] as const

export type CommandName = (typeof commandNames)[number]

// What commands have in common, so that each takes the options that mean something to it, and no other.
// Their order says nothing.

/** They tell whether all is applied. */
const asking = ['assertMigrated', 'waitUntilMigrated'] as const

/** They read scripts of the caller, or the callbacks among them. */
export const reading = [
  'migrate',
  'migrateAll',
  'rollback',
  'info',
  'validate',
  ...asking,
  'undo',
  'baseline',
  'repair',
  'clean',
  'adopt',
  'validateFiles',
  'createMigrator',
] as const

/** They work on folders of the caller. Only bundled modules have seeds. */
export const locating = [...reading] as const

/** They work on chosen modules. Upkeep looks after every partitioned table. */
export const selecting = [...reading, 'seed'] as const

/** They try again what ran into somebody's lock. */
export const retrying = [
  'migrate',
  'migrateAll',
  'rollback',
  'maintain',
  'seed',
  'undo',
  'baseline',
  'repair',
  'clean',
  'createMigrator',
] as const

/** They take the lock that keeps processes apart. */
export const locking = [...retrying, 'adopt'] as const

/** They open a connection. */
export const connecting = [...locking, 'info', 'validate', ...asking] as const

/** They work on one database, which their options name. */
export const addressing = [
  'migrate',
  'rollback',
  'maintain',
  'seed',
  'undo',
  'baseline',
  'repair',
  'clean',
  'createMigrator',
  'adopt',
  'info',
  'validate',
  ...asking,
] as const

/** They consider what is picked of the pending. */
export const picking = ['migrate', 'migrateAll', 'info', 'validate', ...asking, 'createMigrator'] as const

/** They tell what is pending. */
export const comparing = [...picking, 'seed'] as const

/** They consider migrations up to a version. */
export const targeting = [...comparing, 'undo'] as const

/** They let a disagreement between history and files pass, or not. */
export const judging = ['migrate', 'migrateAll', 'validate', ...asking, 'seed', 'repair', 'createMigrator'] as const

/** They write rows into history. */
export const recording = [
  'migrate',
  'migrateAll',
  'rollback',
  'undo',
  'baseline',
  'repair',
  'adopt',
  'createMigrator',
] as const

/** They fire callbacks. */
export const firing = [
  'migrate',
  'migrateAll',
  'rollback',
  'info',
  'validate',
  'undo',
  'baseline',
  'repair',
  'clean',
  'createMigrator',
] as const

/** They run scripts of migrations. */
export const running = ['migrate', 'migrateAll', 'rollback', 'undo', 'createMigrator'] as const

export const migrating = ['migrate', 'migrateAll', 'createMigrator'] as const
export const undoing = ['rollback', 'undo'] as const
export const baselining = ['migrate', 'migrateAll', 'baseline', 'createMigrator'] as const
export const previewing = ['repair', 'clean', 'adopt'] as const
export const keepingPartitions = ['migrate', 'migrateAll', 'maintain', 'createMigrator'] as const
