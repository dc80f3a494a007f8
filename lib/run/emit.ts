import type { Config } from '../config/read-options.js'
import type { RetryOptions } from './connect-retry.js'
import type { MigrationEvent } from './events.js'
import { createMask } from './mask.js'

/** Tells the caller's listener and logger what happens. */
export type Emit = (event: MigrationEvent) => void

/** A listener or logger that throws must not stop a migration half-way, so what it throws is logged and dropped. */
export function createEmit(config: Pick<Config, 'onEvent' | 'logger' | 'isObserved'>): Emit {
  if (!config.isObserved) return () => {}
  return (event) => {
    const complain = (error: unknown): void =>
      logSafely(
        config.logger,
        `onEvent threw on ${event.type}: ${error instanceof Error ? error.message : 'not an error'}`,
      )
    try {
      // An async listener passes for one that returns nothing; what it rejects with must not end the process.
      const answer: unknown = config.onEvent?.(event)
      if (answer instanceof Promise) answer.catch(complain)
    } catch (error) {
      complain(error)
    }
    logEvent(config.logger, event)
  }
}

/** What a session reports by itself: tries of connecting, and the server's notices. */
export function sessionListeners(
  config: Pick<Config, 'placeholders'>,
  emit: Emit,
): Required<Pick<RetryOptions, 'onRetry' | 'onNotice'>> {
  const mask = createMask(config.placeholders)
  return {
    onRetry: ({ attempt, waitMilliseconds, error }) =>
      emit({ type: 'connectionRetry', attempt, waitMilliseconds, reason: error.message }),
    onNotice: ({ severity, message }) => emit({ type: 'notice', severity, message: mask(message) }),
  }
}

function logEvent(logger: Config['logger'], event: MigrationEvent): void {
  try {
    switch (event.type) {
      case 'stepFinished':
        logger.info?.(`${pastTense[event.action]} ${event.script} in ${event.milliseconds} ms`)
        break
      case 'progress': {
        const { script, done, total, message } = event
        logger.info?.(
          `${script}: ${done}${total === null ? '' : ` of ${total}`}${message === null ? '' : `, ${message}`}`,
        )
        break
      }
      case 'waitingForLock':
        logger.info?.('another process migrates this database, waiting for it')
        break
      case 'retry':
        logger.warn?.(`a lock was not to be had, attempt ${event.attempt} of ${event.of}`)
        break
      case 'blocked':
        logger.warn?.(`waiting for ${event.blockers.length} other session(s)`)
        break
      case 'connectionRetry':
        logger.warn?.(`no server yet (${event.reason}), attempt ${event.attempt}`)
        break
      case 'partitionCreated':
        logger.info?.(
          `created ${event.partition}${event.movedRows === 0 ? '' : `, ${event.movedRows} rows moved into it`}`,
        )
        break
      case 'partitionDropped':
        logger.info?.(`dropped ${event.partition}`)
        break
      case 'upkeepFailed':
        logger.warn?.(event.message)
        break
      case 'seeded':
        logger.info?.(`seeded ${event.script} in ${event.milliseconds} ms`)
        break
      case 'baselined':
        logger.info?.(`history begins with the baseline ${event.version} (${event.description})`)
        break
      case 'repaired':
        logger.info?.(`${pastTenseOfRepair[event.action]} ${event.script} in history`)
        break
      case 'cleaned':
        logger.info?.(`cleaned: ${event.objects} objects dropped`)
        break
      case 'locationMissing':
        logger.warn?.(`the location ${event.location} does not exist and is left out`)
        break
      case 'ignoreUnused':
        logger.warn?.(`the pattern ${event.pattern} of \`ignore\` leaves out no file`)
        break
      case 'configurationWithoutScript':
        logger.warn?.(`there is no script beside ${event.file}, so nobody reads it`)
        break
      case 'undoUnusable':
        logger.warn?.(
          `${event.script} is applied, but ${event.undoScript} could not undo it as it is now: ${event.message}`,
        )
        break
      case 'notice':
        logger.debug?.(`${event.severity}: ${event.message}`)
        break
      case 'connected':
      case 'locked':
      case 'planned':
      case 'stepStarted':
      case 'finished':
        logger.debug?.(event.type)
        break
      default:
        event satisfies never
    }
  } catch {
    // A logger that fails has nowhere to be reported to.
  }
}

const pastTenseOfRepair = { remove: 'removed', 'mark-deleted': 'marked as deleted', align: 'realigned' } as const
const pastTense = { apply: 'applied', adopt: 'adopted', undo: 'undone', drop: 'dropped' } as const

export function logSafely(logger: Config['logger'], message: string): void {
  try {
    logger.warn?.(message)
  } catch {
    // As above.
  }
}
