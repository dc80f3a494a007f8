import { SchemawayError } from '../errors/schemaway-error.js'
import { quoteLiteral } from '../history/quote-sql.js'
import type { BegunUnit, IndexMark } from '../history/script-progress.js'
import type { PlannedScript } from '../plan/plan.js'
import { type IndexWork, readIndexWork } from '../scripts/concurrent-index.js'
import type { ScriptUnit } from '../scripts/script-units.js'
import { describeReference } from './describe-reference.js'
import {
  type FoundIndex,
  findBuilders,
  findInvalidIndexes,
  findNamedIndex,
  findRenamed,
  indexExists,
  isTold,
  markIndexes,
  renameLeftOver,
} from './invalid-indexes.js'
import type { Run } from './open-run.js'
import { type FailureFacts, retryMessage } from './retry-transaction.js'
import { MessageFailure } from './send-steps.js'
import type { ServerError } from './server-error.js'
import { isBlocked } from './statement-error.js'
import { hashOfSource, isSameSent } from './unit-hashes.js'

/** Sends statements that are watched, and that the caller's signal cancels. */
export type SendStatements = (statements: readonly string[]) => Promise<void>

/**
 * Looks after the indexes of a script outside a transaction: whether what an earlier run began is there, and what a failed
 * CREATE INDEX CONCURRENTLY or REINDEX left behind. It never drops an index that is valid, that was there before, or that
 * another session is building.
 */
export class IndexKeeper {
  readonly #run: Run
  readonly #script: PlannedScript
  readonly #send: SendStatements

  constructor(run: Run, script: PlannedScript, send: SendStatements) {
    this.#run = run
    this.#script = script
    this.#send = send
  }

  /** What a unit does to indexes; null for everything else. */
  workOf(unit: ScriptUnit | undefined): IndexWork | null {
    if (unit === undefined) return null
    const { first } = unit
    const { text, statements } = this.#script.parsed
    const statement = statements[first]
    return statement === undefined ? null : readIndexWork(text, statement)
  }

  /**
   * Looks at what an earlier run began, and cleans up behind it.
   *
   * @param unit what stands in the place of that statement now, whatever it is.
   * @returns true when the unit need not run any more.
   * @throws SchemawayError `STATEMENT_BLOCKED` while another session works on the table.
   */
  async settle(unit: ScriptUnit | undefined, begun: BegunUnit): Promise<boolean> {
    const mark = begun.details?.index
    if (mark === undefined) return false
    const isSame = unit !== undefined && begun.sha256 === hashOfSource(this.#script, unit)
    const work = this.workOf(unit)
    // Edited meanwhile, or with other values of its placeholders: what was under way then is another statement, and an
    // index too many does no harm to anybody.
    const isSent = isSame && isSameSent(this.#script, unit, begun, this.#run.config.placeholders)
    const outcome = isSent && work !== null ? await this.#findOutcome(mark, work) : 'open'
    if (unit !== undefined && outcome === 'completed') {
      this.#tell(
        `statement ${unit.first + 1} of ${this.#script.reference.script} is not run again: what it is for is there`,
      )
      return true
    }
    await this.dropLeftOvers(begun, unit)
    return false
  }

  /**
   * Drops what a failed statement left behind. What cannot be told from an index of somebody else's is not dropped, but told.
   *
   * @param unit what stands in the place of that statement now, for errors.
   * @throws SchemawayError `STATEMENT_BLOCKED` while another session works on the table.
   */
  async dropLeftOvers({ details }: BegunUnit, unit: ScriptUnit | undefined): Promise<void> {
    if (details?.index === undefined) return
    for (const index of await findInvalidIndexes(this.#run.session, details.index)) {
      if (!isTold(details.index) && !index.isRenamed) {
        await this.#tellDoubtful(index)
      } else if (await this.#drop(index, unit)) {
        this.#tell(`dropped the invalid index ${index.name}, which a failed attempt had left behind`)
      }
    }
  }

  /**
   * What there is before a statement runs.
   *
   * @param remains what stays of the script, for the error.
   * @throws SchemawayError `STATEMENT_FAILED` when the name is that of an invalid index of somebody else.
   */
  async mark(work: IndexWork, unit: ScriptUnit, remains: string): Promise<IndexMark> {
    const mark = await markIndexes(this.#run.session, work)
    const named = await findNamedIndex(this.#run.session, mark)
    if (named?.isValid === false) throw await this.#invalidIndex(named, 'was there before this file ran', unit, remains)
    return mark
  }

  /** @throws SchemawayError `STATEMENT_FAILED` when the index that a statement names is not valid behind it. */
  async refuseInvalid(mark: IndexMark, unit: ScriptUnit, remains: string): Promise<void> {
    const made = await findNamedIndex(this.#run.session, mark)
    if (made?.isValid === false) {
      throw await this.#invalidIndex(made, 'is invalid although the statement succeeded', unit, remains)
    }
  }

  /** A named index that was not there before and is there now was built by the earlier run, or by hand after it failed. */
  async #findOutcome(mark: IndexMark, work: IndexWork): Promise<'completed' | 'open'> {
    const { session } = this.#run
    if (mark.kind === 'drop') {
      return mark.index === null || (await indexExists(session, mark.index)) ? 'open' : 'completed'
    }
    if (work.kind !== 'create' || mark.nameHash === null || mark.index !== null) return 'open'
    const found = await findNamedIndex(session, mark)
    return found?.isValid === true && found.isUnique === work.isUnique ? 'completed' : 'open'
  }

  async #tellDoubtful(index: FoundIndex): Promise<void> {
    const builders = await findBuilders(this.#run.session, index)
    const advice =
      builders.length === 0
        ? `If nobody needs it: DROP INDEX CONCURRENTLY ${index.name}`
        : `Process ${builders.join(', ')} works on its table and may be building it`
    this.#tell(
      `the invalid index ${index.name} (oid ${index.oid}) may be what a failed attempt of ${this.#script.reference.script} left ` +
        `behind, or somebody else's, so it is not dropped. ${advice}`,
    )
  }

  /** False when it turns out to be valid, or gone. */
  async #drop(index: FoundIndex, unit: ScriptUnit | undefined): Promise<boolean> {
    await this.#rename(index, unit)
    const { session, config } = this.#run
    const name = await findRenamed(session, index)
    if (name === null) return false
    const [row] = await session.query<{ value: string }>("SELECT pg_catalog.current_setting('lock_timeout') AS value")
    // It waits for old transactions.
    await this.#send(['SET lock_timeout = 0'])
    try {
      await this.#send([`DROP INDEX CONCURRENTLY ${name}`])
    } catch (error) {
      if (!(error instanceof MessageFailure)) throw error
      throw this.#notDropped(error.cause, index, unit, `It is named ${this.#run.mask(name)} now. `)
    }
    await this.#send([`SET lock_timeout = ${quoteLiteral(row?.value ?? String(config.lockTimeout))}`])
    return true
  }

  /** Gives it a name of our own, so that what is dropped cannot be somebody else's. */
  async #rename(index: FoundIndex, unit: ScriptUnit | undefined): Promise<void> {
    const { config, mask } = this.#run
    const doing = `dropping the invalid index ${mask(index.name)}`
    let blocked: FailureFacts | null = null
    const explain = (error: ServerError, facts: FailureFacts): SchemawayError => {
      if (isBlocked(error)) blocked = facts
      return this.#notDropped(error, index, unit, '')
    }
    const statements = [`SET LOCAL lock_timeout = ${config.lockTimeout}`, ...renameLeftOver(index)]
    try {
      await retryMessage(this.#run, { retries: config.lockRetries, doing, explain }, statements)
    } catch (error) {
      if (blocked === null) throw error
      throw await this.#isWorkedOn(index, unit, blocked)
    }
  }

  #notDropped(error: ServerError, index: FoundIndex, unit: ScriptUnit | undefined, more: string): SchemawayError {
    const { session, mask } = this.#run
    return new SchemawayError(
      isBlocked(error) ? 'STATEMENT_BLOCKED' : 'STATEMENT_FAILED',
      `${this.#placeOf(unit)}: while dropping the invalid index ${mask(index.name)}, which an earlier attempt may have left behind, the ` +
        `server answered ${error.sqlState} ${mask(error.serverMessage)}. ${more}Drop it by hand, then run again.`,
      {
        details: { server: session.display, sqlState: error.sqlState },
        // It may quote a name with the value of a placeholder.
        ...(mask(error.message) === error.message && { cause: error }),
      },
    )
  }

  async #isWorkedOn(
    index: FoundIndex,
    unit: ScriptUnit | undefined,
    { blockers, attempts }: FailureFacts,
  ): Promise<SchemawayError> {
    const { session, mask } = this.#run
    const builders = await findBuilders(session, index)
    const who = builders.length === 0 ? 'another session' : `process ${builders.join(', ')}`
    return new SchemawayError(
      'STATEMENT_BLOCKED',
      `${this.#placeOf(unit)}: an earlier attempt may have left the invalid index ${mask(index.name)} behind, but ${who} works on ` +
        `its table, and may be building that very index; that was so in ${attempts === 1 ? 'the only attempt' : `${attempts} attempts`}. ` +
        'Nothing was dropped. Run again when it is done.',
      { details: { server: session.display, blockers } },
    )
  }

  #placeOf(unit: ScriptUnit | undefined): string {
    const { parsed, reference } = this.#script
    const statement = unit === undefined ? undefined : parsed.statements[unit.first]
    return statement === undefined ? reference.script : `${reference.script}:${statement.line}:${statement.column}`
  }

  #tell(message: string): void {
    this.#run.emit({ type: 'notice', severity: 'NOTICE', message: this.#run.mask(message) })
  }

  async #invalidIndex(index: FoundIndex, what: string, unit: ScriptUnit, remains: string): Promise<SchemawayError> {
    const { reference, file, parsed } = this.#script
    const statement = parsed.statements[unit.first]
    const name = this.#run.mask(index.name)
    const builders = await findBuilders(this.#run.session, index)
    const advice =
      builders.length === 0
        ? `Nobody can use it. Drop it with DROP INDEX CONCURRENTLY ${name}, then run again.`
        : `Process ${builders.join(', ')} works on its table and may be building it. Wait until it is done, then run again.`
    return new SchemawayError(
      'STATEMENT_FAILED',
      `${this.#placeOf(unit)}: the index ${name} ${what}. ${advice} ${remains}`,
      {
        details: {
          ...describeReference(reference),
          file,
          ...(statement !== undefined && { line: statement.line, column: statement.column }),
          statement: unit.first + 1,
        },
      },
    )
  }
}
