import type { CommandName } from '../config/command-names.js'

/** Events of migrate(), in the order in which they come. */
const ofMigrate = [
  'afterConnect',
  'beforeValidate',
  'afterValidate',
  'afterValidateError',
  'createSchema',
  'beforeCreateSchema',
  'beforeBaseline',
  'afterBaseline',
  'beforeMigrate',
  'beforeEachMigrate',
  'beforeEachMigrateStatement',
  'afterEachMigrateStatement',
  'afterEachMigrateStatementError',
  'afterEachMigrate',
  'afterEachMigrateError',
  'afterVersioned',
  'beforeRepeatables',
  'afterMigrateApplied',
  'afterMigrate',
  'afterMigrateError',
  'afterMigrateOperationFinish',
] as const

const ofUndo = [
  'afterConnect',
  'beforeUndo',
  'beforeEachUndo',
  'beforeEachUndoStatement',
  'afterEachUndoStatement',
  'afterEachUndoStatementError',
  'afterEachUndo',
  'afterEachUndoError',
  'afterUndo',
  'afterUndoError',
  'afterUndoOperationFinish',
] as const

const ofInfo = ['afterConnect', 'beforeInfo', 'afterInfo', 'afterInfoError', 'afterInfoOperationFinish'] as const

const ofValidate = [
  'afterConnect',
  'beforeValidate',
  'afterValidate',
  'afterValidateError',
  'afterValidateOperationFinish',
] as const

const ofRepair = [
  'afterConnect',
  'beforeRepair',
  'afterRepair',
  'afterRepairError',
  'afterRepairOperationFinish',
] as const

const ofBaseline = [
  'afterConnect',
  'createSchema',
  'beforeCreateSchema',
  'beforeBaseline',
  'afterBaseline',
  'afterBaselineError',
  'afterBaselineOperationFinish',
] as const

const ofClean = ['afterConnect', 'beforeClean', 'afterClean', 'afterCleanError', 'afterCleanOperationFinish'] as const

/** Flyway's events that happen here too. */
export type CallbackEvent =
  | (typeof ofMigrate)[number]
  | (typeof ofUndo)[number]
  | (typeof ofInfo)[number]
  | (typeof ofValidate)[number]
  | (typeof ofRepair)[number]
  | (typeof ofBaseline)[number]
  | (typeof ofClean)[number]

/** Events of each command that has any. */
const byCommand: Readonly<Partial<Record<CommandName, readonly CallbackEvent[]>>> = {
  migrate: ofMigrate,
  rollback: ofUndo,
  undo: ofUndo,
  info: ofInfo,
  validate: ofValidate,
  repair: ofRepair,
  baseline: ofBaseline,
  clean: ofClean,
}

/** Every event, each once. */
export const callbackEvents: readonly CallbackEvent[] = [...new Set(Object.values(byCommand).flat())]

/** Events of Flyway that cannot happen here, and what is to be said about them. */
export const impossibleEvents: Readonly<Record<string, string>> = {
  beforeConnect:
    'there is no connection to run it on before one is made, and Flyway never runs it either; use afterConnect',
  afterReportGenerated: 'it follows a report file of Flyway, which is not written here',
}

/** The events that a command fires. */
export function eventsOf(command: CommandName): readonly CallbackEvent[] {
  return byCommand[command] ?? []
}

export function isCallbackEvent(name: string): name is CallbackEvent {
  return callbackEvents.some((event) => event === name)
}
