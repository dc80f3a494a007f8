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

/**
 * Puts a block of PL/pgSQL into a DO statement. A name or a text in it may hold anything, also what ends a dollar quote, so the
 * quote gets a tag that does not occur in it.
 */
export function quoteDoBlock(block: string): string {
  let tag = '$schemaway$'
  for (let number = 1; block.includes(tag); number += 1) tag = `$schemaway_${number}$`
  return `DO ${tag}\n${block}\n${tag}`
}

/**
 * As {@link quoteDoBlock}, for statements in which names mean what PostgreSQL means by them, whatever the `search_path` is. It is the
 * same again behind them.
 *
 * @param declarations with types that are qualified, since they are read before.
 */
export function doWithOwnNames(statements: string, declarations: readonly string[] = []): string {
  return quoteDoBlock(`DECLARE
  v_search_path pg_catalog.text := pg_catalog.current_setting('search_path');
${declarations.map((declaration) => `  ${declaration};\n`).join('')}BEGIN
  PERFORM pg_catalog.set_config('search_path', '${ownPath}', true);
${statements}
  PERFORM pg_catalog.set_config('search_path', v_search_path, true);
END`)
}

/** Tables and types of the session itself come last. */
const ownPath = 'pg_catalog, pg_temp'

/**
 * Lets names in SQL of our own mean what PostgreSQL means by them, until the transaction ends. Login or database may come with a
 * `search_path` that leads elsewhere first, and even behind `pg_catalog` a function whose arguments fit better would be called.
 */
export const ownNames = `SET LOCAL search_path = ${ownPath}`

/** One statement with {@link ownNames}, as a message outside every transaction. */
export function withOwnNames(statement: string): string {
  return `${ownNames};\n${statement}`
}

/** Writes a list of texts as a `text[]`; an empty one as a literal, which takes the type of its column. */
export function quoteTextArray(texts: readonly string[]): string {
  if (texts.length === 0) return "'{}'"
  return `ARRAY[${texts.map(quoteLiteral).join(', ')}]::pg_catalog.text[]`
}
