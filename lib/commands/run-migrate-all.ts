import type { MigrateAllOptions, MigrationTargets } from '../config/options.js'
import { type Config, isObject, readOptions } from '../config/read-options.js'
import { wholeOptionTable } from '../config/whole-option-table.js'
import { SchemawayError } from '../errors/schemaway-error.js'
import { loadFiles } from '../plan/load-scripts.js'
import { shareScripts } from '../plan/shared-scripts.js'
import { logSafely } from '../run/emit.js'
import { MigrateAllReport, type TargetResult } from './migrate-all-report.js'
import { failed, listenFor, migrateTarget, StopSignals, type TargetOutcome } from './migrate-target.js'
import { holdsPassword, type NamedTarget, readTarget } from './read-target.js'
import { type GivenTarget, TargetSource } from './target-source.js'

/** The part of migrateAll() that is loaded only when it is called. */
export async function runMigrateAll(
  targets: MigrationTargets,
  givenOptions: MigrateAllOptions,
): Promise<MigrateAllReport> {
  const started = performance.now()
  // A copy, so that what is used is what was checked.
  const options = isObject(givenOptions) ? ({ ...givenOptions } as MigrateAllOptions) : givenOptions
  const checked = await readOptions('migrateAll', options)
  refuseOtherThanMany(targets)
  const list = Array.isArray(targets) ? [...targets] : null
  if (list !== null) await checkList(list, options)
  const shared = shareScripts(
    await loadFiles(checked.selection, { ...checked, onEvent: listenFor('', options.onEvent) }),
  )
  const config = Object.freeze({ ...checked, shared, lockTests: new Map() })
  return await new ManyMigrations(list ?? targets, { config, options, isList: list !== null }).run(started)
}

/** One call of migrateAll(). */
class ManyMigrations {
  readonly #source: TargetSource
  readonly #config: Config
  readonly #options: MigrateAllOptions
  /** Whether all targets are known, also those that are not begun. */
  readonly #isList: boolean
  readonly #only: Set<string> | null
  readonly #notFound: Set<string>
  readonly #names = new Set<string>()
  readonly #results: { readonly position: number; readonly result: TargetResult }[] = []
  readonly #counts = { migrated: 0, unchanged: 0 }
  readonly #stopping: StopSignals
  /** Of the workers that wait for an iterable. */
  readonly #waiting = new Set<AbortController>()
  #hasFailed = false
  /** Whether a target was asked for that may have come when nobody waited for it any more. */
  #mayMissOne = false
  #failure: { readonly error: unknown } | null = null

  constructor(
    targets: MigrationTargets,
    work: { readonly config: Config; readonly options: MigrateAllOptions; readonly isList: boolean },
  ) {
    this.#source = new TargetSource(targets)
    this.#config = work.config
    this.#options = work.options
    this.#isList = work.isList
    this.#only = work.options.only === undefined ? null : new Set(work.options.only)
    this.#notFound = new Set(work.options.only)
    this.#stopping = new StopSignals(work.config.signal)
  }

  async run(started: number): Promise<MigrateAllReport> {
    const { concurrency = wholeOptionTable.concurrency.default } = this.#options
    try {
      await Promise.all(Array.from({ length: concurrency }, async () => await this.#work()))
    } finally {
      this.#stopping.close()
    }
    if (this.#isList) await this.#passOverRest()
    const isComplete = this.#source.isAtEnd && !this.#mayMissOne
    this.#source.close()
    if (isComplete) await this.#tellNotFound()
    const results = this.#results.toSorted((a, b) => a.position - b.position).map(({ result }) => result)
    const milliseconds = Math.round(performance.now() - started)
    const report = new MigrateAllReport({ ...this.#counts, results, isComplete, milliseconds })
    if (this.#failure !== null) throw brokenList(this.#failure.error, report)
    return report
  }

  get #isStopped(): boolean {
    const isEnough = this.#hasFailed && this.#options.stopOnFailure === true
    return isEnough || this.#failure !== null || this.#config.signal?.aborted === true
  }

  /** Takes one target after the other, as long as there are any. */
  async #work(): Promise<void> {
    while (!this.#isStopped) {
      const target = await this.#take()
      if (target === null) return
      const named = await this.#admit(target)
      if (named === null) continue
      // It may have been waited for until it was too late.
      if (this.#isStopped) await this.#finish(target, notStarted(named.name))
      else await this.#finish(target, await this.#migrate(named))
    }
  }

  async #migrate(named: NamedTarget): Promise<TargetOutcome> {
    const { name } = named
    const started = performance.now()
    if (this.#names.has(name)) return failed(name, started, repeated(name))
    this.#names.add(name)
    return await migrateTarget(named, { config: this.#config, options: this.#options, stopping: this.#stopping })
  }

  /** The next target; null when there is none, or when the call is stopped while the iterable thinks. */
  async #take(): Promise<GivenTarget | null> {
    // A list answers at once, and each of its targets has to have a result.
    if (this.#isList) return await this.#source.next()
    const next = this.#source.next().catch((error: unknown) => {
      this.#failure ??= { error }
      return null
    })
    const controller = this.#stopping.add()
    this.#waiting.add(controller)
    try {
      return await unlessAborted(next, controller.signal)
    } finally {
      this.#waiting.delete(controller)
      if (controller.signal.aborted) this.#mayMissOne = true
      this.#stopping.remove(controller)
    }
  }

  /** The target, checked; null when it failed by that, and when `only` does not name it. */
  async #admit(target: GivenTarget): Promise<NamedTarget | null> {
    const started = performance.now()
    try {
      const named = await readTarget(target.given, target.position, this.#options)
      this.#notFound.delete(named.name)
      return this.#only === null || this.#only.has(named.name) ? named : null
    } catch (error) {
      await this.#finish(target, failed(nameOfWrong(target), started, error))
      return null
    }
  }

  /** Of a list, what was not begun is known. */
  async #passOverRest(): Promise<void> {
    for (let one = await this.#source.next(); one !== null; one = await this.#source.next()) {
      const named = await this.#admit(one)
      if (named !== null) await this.#finish(one, notStarted(named.name))
    }
  }

  /** Names of `only` that no target of an iterable had. */
  async #tellNotFound(): Promise<void> {
    for (const name of this.#notFound) {
      await this.#finish({ position: Number.POSITIVE_INFINITY }, failed(name, performance.now(), unknownNames([name])))
    }
  }

  async #finish({ position }: Pick<GivenTarget, 'position'>, { result, report }: TargetOutcome): Promise<void> {
    const { status } = result
    const { onResult } = this.#options
    if (status === 'migrated' || status === 'unchanged') this.#counts[status] += 1
    else if (status === 'failed') this.#hasFailed = true
    if (this.#isStopped) for (const controller of this.#waiting) controller.abort()
    const isLeft = status === 'failed' || status === 'notStarted'
    if (isLeft || onResult === undefined) this.#results.push({ position, result })
    try {
      await onResult?.(result, report)
    } catch (error) {
      const reason = error instanceof Error ? error.message : 'not an error'
      logSafely(this.#config.logger, `onResult threw on ${result.target}: ${reason}`)
    }
  }
}

function notStarted(target: string): TargetOutcome {
  return { result: { target, status: 'notStarted' }, report: null }
}

/** A target that cannot be used is called by its name if that is all right, otherwise by its place. */
function nameOfWrong({ given, position }: GivenTarget): string {
  const name = isObject(given) ? given['name'] : undefined
  return typeof name === 'string' && name !== '' && !holdsPassword(name) ? name : `target ${position}`
}

/** Checks all of a list, so that a wrong one is found before any database is changed. */
async function checkList(targets: readonly unknown[], options: MigrateAllOptions): Promise<void> {
  const names = new Set<string>()
  for (const [index, given] of targets.entries()) {
    const { name } = await readTarget(given, index + 1, options)
    if (names.has(name)) throw repeated(name)
    names.add(name)
  }
  const missing = (options.only ?? []).filter((name) => !names.has(name))
  if (missing.length > 0) throw unknownNames(missing)
}

/** A text is an iterable as well, of characters. */
function refuseOtherThanMany(targets: unknown): void {
  const isIterable =
    typeof targets === 'object' && targets !== null && (Symbol.iterator in targets || Symbol.asyncIterator in targets)
  if (isIterable) return
  throw new SchemawayError(
    'INVALID_OPTIONS',
    'migrateAll() was called without a list of targets: its first argument must be a list, or another iterable, of connection URLs ' +
      'or objects such as { name: "acme", url }. For a single database there is migrate().',
    { details: { option: 'targets' } },
  )
}

function repeated(name: string): SchemawayError {
  return new SchemawayError(
    'INVALID_OPTIONS',
    `The target ${name} of migrateAll() is given twice. Leave one out; if they are two databases, give each a name of its own.`,
    { details: { option: 'targets', targets: [name] } },
  )
}

function unknownNames(names: readonly string[]): SchemawayError {
  return new SchemawayError(
    'INVALID_OPTIONS',
    `\`only\` names ${names.join(', ')}, which no target of migrateAll() is called. Correct it, or pass the target.`,
    { details: { option: 'only', targets: names } },
  )
}

function brokenList(cause: unknown, { resume, migrated, unchanged }: MigrateAllReport): SchemawayError {
  return new SchemawayError(
    'TARGETS_FAILED',
    `The iterable of targets threw an error: ${cause instanceof Error ? cause.message : 'not an error'}. ${migrated + unchanged} databases ` +
      'are up to date, those under way were completed, and no further one was begun. Call migrateAll() with all targets again: what ' +
      'is done costs no more than a look.',
    { details: { targets: resume }, cause },
  )
}

async function unlessAborted<Value>(work: Promise<Value>, signal: AbortSignal): Promise<Value | null> {
  if (signal.aborted) return null
  const aborted = new Promise<null>((resolve) => signal.addEventListener('abort', () => resolve(null), { once: true }))
  return await Promise.race([work, aborted])
}
