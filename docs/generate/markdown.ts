/** Text of the database as a cell of a Markdown table. */
export function cell(text: string | null): string {
  return (text ?? '').replace(/\s+/g, ' ').replaceAll('|', '\\|').replaceAll('<', '&lt;').trim()
}

/** The same in code style. A backtick inside asks for a longer fence. */
export function code(text: string): string {
  const plain = text.replace(/\s+/g, ' ').replaceAll('|', '\\|').trim()
  return plain.includes('`') ? `\`\` ${plain} \`\`` : `\`${plain}\``
}

/** A table, or nothing when it would have no rows. */
export function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return ''
  return [heads, heads.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

/** Sections with a blank line between; empty ones are left out. */
export function sections(parts: readonly string[]): string {
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`
}

/** Types and conditions as a person writes them, where the server is wordier. */
export function shortenSql(text: string): string {
  return text
    .replaceAll('timestamp with time zone', 'timestamptz')
    .replaceAll('time without time zone', 'time')
    .replace(/('(?:[^']|'')*')::[a-z_.]+(?:\[\])?/g, '$1')
}

/** Takes off parentheses that enclose all of a condition. */
export function unwrap(text: string): string {
  let result = text
  while (isEnclosed(result)) result = result.slice(1, -1)
  return result
}

function isEnclosed(text: string): boolean {
  if (!text.startsWith('(') || !text.endsWith(')')) return false
  let depth = 0
  let isQuoted = false
  for (let index = 0; index < text.length - 1; index += 1) {
    const character = text[index]
    if (character === "'") isQuoted = !isQuoted
    if (isQuoted) continue
    if (character === '(') depth += 1
    if (character === ')') depth -= 1
    if (depth === 0) return false
  }
  return true
}
