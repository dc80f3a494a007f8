import assert from 'node:assert/strict'
import { inspect } from 'node:util'
import type { Sql } from 'postgres'
import type { Logger, MigrationEvent } from '../../lib/index.js'

/** What nobody may get to see: a password, and two values of placeholders. They hold what each form of writing changes. */
export const password = `pa55'W0rd/geheim?&"%\\ #é`
export const value = `PLATZ-halter/Wert?&%77 é`
/** The server cuts values off where it quotes them. */
export const longValue = `lang-${'geheimnis-'.repeat(20)}ende`

/** Gathers whatever a caller can get to see, and finds secrets in it, also encoded. */
export class SecretScan {
  readonly #seen: { readonly where: string; readonly text: string }[] = []
  readonly logger: Logger
  /** What was called last, for messages. */
  #where = 'at first'

  constructor() {
    const log = (message: string): void => this.add('logger', message)
    this.logger = { debug: log, info: log, warn: log, error: log }
  }

  /** Options with which everything that is told is gathered. */
  get listeners() {
    return { logger: this.logger, onEvent: (event: MigrationEvent): void => this.add('event', event) }
  }

  add(where: string, thing: unknown): void {
    const texts = [
      inspect(thing, { depth: null, showHidden: true, getters: true, maxStringLength: null }),
      String(thing),
      asJson(thing),
    ]
    this.#seen.push({ where: `${this.#where}, ${where}`, text: texts.join('\n') })
    if (!(thing instanceof Error)) return
    this.#seen.push({
      where: `${this.#where}, ${where}`,
      text: `${thing.message}\n${thing.stack}\n${asJson(Object.entries(thing))}`,
    })
    if (thing.cause !== undefined) this.add(`${where}, cause`, thing.cause)
    if (thing instanceof AggregateError) for (const error of thing.errors) this.add(`${where}, one of several`, error)
  }

  /** Awaits work that fails, or not. @returns its error. */
  async watch(what: string, work: () => Promise<unknown>): Promise<unknown> {
    this.#where = what
    try {
      this.add('report', await work())
      return null
    } catch (error) {
      this.add('error', error)
      return error
    }
  }

  /** Awaits work that has to fail. */
  async watchFailure(what: string, code: string, work: () => Promise<unknown>): Promise<void> {
    const error = await this.watch(what, work)
    assert.ok(error instanceof Error && 'code' in error, `${what} went through: ${error}`)
    assert.equal(error.code, code, `${what}: ${error.message}`)
  }

  /** Every row that the library wrote. */
  async readTables(sql: Sql): Promise<void> {
    const tables =
      await sql`SELECT c.oid::regclass::text AS name FROM pg_class AS c WHERE relkind = 'r' AND relname ~ '^(flyway|schemaway)_'`
    for (const { name } of tables) {
      const rows = await sql.unsafe(`SELECT t.*::text AS row FROM ${name} AS t`)
      this.add(
        String(name),
        rows.map(({ row }) => row),
      )
    }
  }

  get size(): number {
    return this.#seen.length
  }

  assertNever(secret: string): void {
    for (const form of formsOf(secret)) {
      const found = this.#seen.find(({ text }) => text.includes(form))
      assert.equal(found === undefined ? null : `${found.where}: ...${around(found.text, form)}...`, null)
    }
  }
}

function around(text: string, form: string): string {
  const at = text.indexOf(form)
  return text.slice(Math.max(0, at - 200), at + form.length + 100)
}

function asJson(thing: unknown): string {
  const known = new WeakSet<object>()
  return (
    JSON.stringify(thing, (_key, value: unknown) => {
      if (typeof value === 'bigint') return String(value)
      if (typeof value !== 'object' || value === null) return value
      if (known.has(value)) return undefined
      known.add(value)
      return value
    }) ?? ''
  )
}

/** A secret as it is, as JSON, URLs, SQL and hexadecimal write it, and what is the same of it in Base64 at whatever place. */
export function formsOf(secret: string): readonly string[] {
  const bytes = Buffer.from(secret)
  const base64 = [0, 1, 2].map((offset) => {
    const text = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64')
    return text.slice(offset === 0 ? 0 : offset + 1, Math.floor(((offset + bytes.length) * 8) / 6))
  })
  const forms = [
    secret,
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(secret),
    encodeURI(secret),
    new URLSearchParams({ '': secret }).toString().slice(1),
    secret.replaceAll("'", "''"),
    bytes.toString('hex'),
    ...base64,
    ...base64.map((text) => text.replaceAll('+', '-').replaceAll('/', '_')),
  ]
  return [...new Set(forms)]
}
