import { quoteIdentifier } from '../history/quote-sql.js'
import { jsonText, parameterText } from './parameter-text.js'
import type { SqlFragment } from './program.js'

/** A query as it is sent. */
export interface SqlText {
  readonly text: string
  readonly parameters: readonly (string | null)[]
  /** Whether the text stands in the program as it is, so that an error may show it. */
  readonly isWritten: boolean
}

/** More the protocol cannot count. */
const mostParameters = 65_533

/** Puts text and parameters together while fragments are written into each other. */
export class SqlTextWriter {
  #text = ''
  #isWritten = true
  readonly #parameters: (string | null)[] = []

  /** @param isWritten whether an error may show it: not where it may hold a value. */
  addText(text: string, isWritten = true): void {
    this.#text += text
    if (!isWritten) this.#isWritten = false
  }

  addParameter(text: string | null): void {
    this.#parameters.push(text)
    this.#text += `$${this.#parameters.length}`
  }

  /** Text that numbers its parameters itself, from `$1` on. */
  addUnsafe(text: string, parameters: readonly unknown[]): void {
    if (parameters.length > 0 && this.#parameters.length > 0) {
      throw new TypeError('sql.unsafe() with parameters cannot be part of a query that has others before it.')
    }
    this.addText(text, false)
    for (const parameter of parameters) this.#parameters.push(parameterText(parameter))
  }

  /** A fragment, or a value as parameter. */
  add(value: unknown): void {
    if (value instanceof Fragment) value.writeTo(this)
    else this.addParameter(parameterText(value))
  }

  /** @throws TypeError for more parameters than a query can have. */
  finish(): SqlText {
    if (this.#parameters.length > mostParameters) {
      throw new TypeError(
        `A query has ${this.#parameters.length} parameters, and PostgreSQL takes ${mostParameters} at the most; send fewer rows at once.`,
      )
    }
    return { text: this.#text, parameters: this.#parameters, isWritten: this.#isWritten }
  }
}

/** Part of a query. */
export class Fragment implements SqlFragment {
  readonly isFragment = true
  readonly #write: (writer: SqlTextWriter) => void

  constructor(write: (writer: SqlTextWriter) => void) {
    this.#write = write
  }

  writeTo(writer: SqlTextWriter): void {
    this.#write(writer)
  }
}

/** Writes a template: its texts with the values between them. */
export function writeTemplate(strings: readonly string[], values: readonly unknown[]) {
  return (writer: SqlTextWriter): void => {
    for (const [index, text] of strings.entries()) {
      writer.addText(text)
      if (index < values.length) writer.add(values[index])
    }
  }
}

/** `"app"."users"` for `app.users`, or several with commas between. */
export function identifierFragment(names: readonly string[]): Fragment {
  if (names.length === 0 || names.some((name) => typeof name !== 'string' || name === '' || name.includes('\0'))) {
    throw new TypeError('sql(...) takes the name of a table or column, a list of names, or rows to insert.')
  }
  const quoted = names.map((name) => name.split('.').map(quoteIdentifier).join('.'))
  return new Fragment((writer) => writer.addText(quoted.join(', ')))
}

/** `("id","name") VALUES ($1,$2),($3,$4)`. */
export function rowsFragment(rows: readonly Readonly<Record<string, unknown>>[], names: readonly string[]): Fragment {
  const [first] = rows
  const columns = names.length > 0 ? names : Object.keys(first ?? {})
  if (first === undefined || columns.length === 0)
    throw new TypeError('sql(rows) needs one row with one column at least.')
  return new Fragment((writer) => {
    writer.addText(`(${columns.map(quoteIdentifier).join(', ')}) VALUES `)
    for (const [index, row] of rows.entries()) {
      writer.addText(index === 0 ? '(' : ', (')
      for (const [place, column] of columns.entries()) {
        if (place > 0) writer.addText(', ')
        if (row[column] === undefined)
          throw new TypeError(`Row ${index + 1} of sql(rows) has no value for "${column}".`)
        writer.add(row[column])
      }
      writer.addText(')')
    }
  })
}

export function jsonFragment(value: unknown): Fragment {
  const text = jsonText(value)
  return new Fragment((writer) => writer.addParameter(text))
}
