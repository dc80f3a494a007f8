import type { ScriptContext } from './script-context.js'
import type { ScannedText, Statement } from './statement.js'

/**
 * What cannot be run, in one place: output through COPY, and psql commands.
 *
 * @throws `INVALID_SCRIPT` with line and remedy
 */
export function refuseUnsupported(scanned: ScannedText, context: ScriptContext): void {
  for (const statement of scanned.statements) {
    const reason = reasonToRefuse(statement, scanned.text)
    if (reason !== null) throw context.errorAt('INVALID_SCRIPT', statement.start, reason)
  }
}

function reasonToRefuse({ kind, keywords, start, end }: Statement, text: string): string | null {
  switch (kind) {
    case 'copy-from-stdin':
      return null
    case 'psql-command': {
      const command = /^\\\S*/.exec(text.slice(start, end))?.[0] ?? '\\'
      return `${command} is a command of psql, which no server understands. Remove it or write it as SQL.`
    }
    case 'sql':
      return copiesToStdout(keywords) ? 'nobody reads the output of COPY ... TO STDOUT. Remove it.' : null
    default:
      return kind satisfies never
  }
}

function copiesToStdout(keywords: readonly string[]): boolean {
  const to = keywords.indexOf('TO')
  return keywords[0] === 'COPY' && to > 0 && (keywords[to + 1] === 'STDOUT' || keywords[to + 1] === 'STDIN')
}
