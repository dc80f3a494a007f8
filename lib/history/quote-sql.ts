/** Quotes an identifier for SQL text. */
export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/**
 * Quotes a text as a literal that means the same whatever `standard_conforming_strings` is: a text with a backslash
 * becomes an escape string. `null` becomes NULL.
 *
 * The space before an escape string keeps its E from joining a word before it.
 *
 * @param text without NUL, which no text of PostgreSQL can hold.
 */
export function quoteLiteral(text: string | null): string {
  if (text === null) return 'NULL'
  const quoted = text.replaceAll("'", "''")
  return quoted.includes('\\') ? ` E'${quoted.replaceAll('\\', '\\\\')}'` : `'${quoted}'`
}

/** Writes a list of texts as a `text[]`; an empty one as a literal, which takes the type of its column. */
export function quoteTextArray(texts: readonly string[]): string {
  if (texts.length === 0) return "'{}'"
  return `ARRAY[${texts.map(quoteLiteral).join(', ')}]::pg_catalog.text[]`
}
