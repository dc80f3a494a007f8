import type { Run } from '../run/open-run.js'
import type { CallbackEvent } from './callback-events.js'
import { Callbacks } from './callbacks.js'
import type { CallbackFile } from './read-callbacks.js'

/** The events around the work of a command, in their order. */
export interface AroundEvents {
  readonly before: readonly CallbackEvent[]
  readonly after: readonly CallbackEvent[]
  /** When the work fails. A callback that fails before or after it fires nothing more, as in Flyway. */
  readonly error: readonly CallbackEvent[]
}

export const aroundUndo: AroundEvents = {
  before: ['beforeUndo'],
  after: ['afterUndo', 'afterUndoOperationFinish'],
  error: ['afterUndoError'],
}

export const aroundRepair: AroundEvents = {
  before: ['beforeRepair'],
  after: ['afterRepair', 'afterRepairOperationFinish'],
  error: ['afterRepairError'],
}

export const aroundClean: AroundEvents = {
  before: ['beforeClean'],
  after: ['afterClean', 'afterCleanOperationFinish'],
  error: ['afterCleanError'],
}

export const aroundBaseline: AroundEvents = {
  before: ['createSchema', 'beforeCreateSchema', 'beforeBaseline'],
  after: ['afterBaseline', 'afterBaselineOperationFinish'],
  error: ['afterBaselineError'],
}

export const aroundInfo: AroundEvents = {
  before: ['beforeInfo'],
  after: ['afterInfo', 'afterInfoOperationFinish'],
  error: ['afterInfoError'],
}

/** As in Flyway, the last one also follows a validation that found something. */
export const aroundValidate: AroundEvents = {
  before: ['beforeValidate'],
  after: ['afterValidate', 'afterValidateOperationFinish'],
  error: ['afterValidateError', 'afterValidateOperationFinish'],
}

/**
 * Does the work of a command between its callbacks, if it has any.
 *
 * @throws SchemawayError about a callback that cannot be run, or fails; whatever the work throws.
 */
export async function aroundCommand<Result>(
  run: Run,
  files: readonly CallbackFile[],
  { before, after, error: onError }: AroundEvents,
  work: () => Promise<Result>,
): Promise<Result> {
  const callbacks = await Callbacks.prepare(run, files)
  run.callbacks = callbacks
  if (callbacks === null) return await work()
  try {
    for (const event of ['afterConnect', ...before] as const) await callbacks.fire(event)
    const result = await unlessFailing(callbacks, onError, work)
    for (const event of after) await callbacks.fire(event)
    return result
  } finally {
    callbacks.stop()
  }
}

/** Fires the events of a failure, which goes on its way. */
export async function unlessFailing<Result>(
  callbacks: Callbacks,
  events: readonly CallbackEvent[],
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    for (const event of events) await callbacks.fireAfterError(event, error)
    throw error
  }
}
