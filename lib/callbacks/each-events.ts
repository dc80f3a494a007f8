import type { CommandName } from '../config/command-names.js'
import type { CallbackEvent } from './callback-events.js'

/** The events around one migration and around each of its statements. */
export interface EachEvents {
  readonly before: CallbackEvent
  readonly beforeStatement: CallbackEvent
  readonly afterStatement: CallbackEvent
  readonly statementError: CallbackEvent
  readonly after: CallbackEvent
  readonly error: CallbackEvent
}

const ofMigrate: EachEvents = {
  before: 'beforeEachMigrate',
  beforeStatement: 'beforeEachMigrateStatement',
  afterStatement: 'afterEachMigrateStatement',
  statementError: 'afterEachMigrateStatementError',
  after: 'afterEachMigrate',
  error: 'afterEachMigrateError',
}

const ofUndo: EachEvents = {
  before: 'beforeEachUndo',
  beforeStatement: 'beforeEachUndoStatement',
  afterStatement: 'afterEachUndoStatement',
  statementError: 'afterEachUndoStatementError',
  after: 'afterEachUndo',
  error: 'afterEachUndoError',
}

export function eachEventsOf(command: CommandName): EachEvents {
  return command === 'migrate' ? ofMigrate : ofUndo
}
