import type { SchemawayError } from '../errors/schemaway-error.js'
import type { MigrationSql } from '../programs/program.js'
import type { CallbackEvent } from './callback-events.js'

export type { CallbackEvent }

/** The migration that a hook is called for. */
export interface HookMigration {
  /** Path as history knows it. */
  readonly script: string
  /** Name of its module; empty for scripts of `locations`. */
  readonly module: string
  /** Null for a repeatable. */
  readonly version: string | null
  readonly description: string
}

/** What a hook gets. */
export interface HookContext {
  readonly event: CallbackEvent
  readonly command: 'migrate' | 'rollback' | 'undo' | 'info' | 'validate' | 'repair' | 'baseline' | 'clean'
  /** Of the events of a single migration, whose names contain `Each`; null for the others. */
  readonly migration: HookMigration | null
  /** Of the events of a single statement: its number in the file, from 1, and its line. */
  readonly statement: { readonly number: number; readonly line: number } | null
  /** What went wrong, for the events whose names end in `Error`. */
  readonly error: SchemawayError | null
  /**
   * Sends queries over the connection of the command: before and after a migration in its transaction, otherwise in a
   * transaction that is committed when the hook ends. Dead once the hook has ended.
   */
  readonly sql: MigrationSql
  /**
   * Fires when the caller's signal does, or the connection is lost. The query under way is cancelled, and the hook has five seconds
   * to end.
   */
  readonly signal: AbortSignal
}

/**
 * A function that is called at an event. What it throws stops the command, with the effects of an SQL callback that fails.
 * When a migration's transaction is tried again, its hooks are called again.
 */
export type Hook = (context: HookContext) => unknown

/** A hook that is called inside the transaction of a migration. */
export interface HookPoint {
  readonly event: CallbackEvent
  readonly statement: HookContext['statement']
}

/** Functions to be called at Flyway's events, behind the SQL callbacks of the same event. */
export type Hooks = { readonly [Event in CallbackEvent]?: Hook | undefined }
