import type { ScriptContext } from './script-context.js'
import type { ScannedText, Statement } from './statement.js'

/**
 * What cannot be run, in one place: output through COPY, psql commands, and another client encoding.
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
      if (copiesToStdout(keywords)) return 'nobody reads the output of COPY ... TO STDOUT. Remove it.'
      return setsOtherEncoding(keywords, text.slice(start, end)) ? otherEncoding : null
    default:
      return kind satisfies never
  }
}

function copiesToStdout(keywords: readonly string[]): boolean {
  const to = keywords.indexOf('TO')
  return keywords[0] === 'COPY' && to > 0 && (keywords[to + 1] === 'STDOUT' || keywords[to + 1] === 'STDIN')
}

const otherEncoding =
  'the server would convert what follows as if it came in another encoding, but everything is sent to it as UTF-8. Remove ' +
  'this statement; how the bytes of the file are read is said by the option `encoding` or by the .conf file beside it.'
const namesOfUtf8: ReadonlySet<string> = new Set(['utf8', 'unicode', 'default', ''])

/** `SET client_encoding`, and its other spelling `SET NAMES`, to anything but UTF-8. pg_dump writes the first. */
function setsOtherEncoding(keywords: readonly string[], text: string): boolean {
  if (keywords[0] !== 'SET') return false
  const [first, second] = keywords.slice(keywords[1] === 'SESSION' || keywords[1] === 'LOCAL' ? 2 : 1)
  // A name in quotes is no keyword.
  const isNamed = first === 'CLIENT_ENCODING' || /^SET\s+((SESSION|LOCAL)\s+)?"client_encoding"/i.test(text)
  if (!isNamed && (first !== 'NAMES' || second === 'TO')) return false
  const value = /(?:=|\bTO\b|\bNAMES\b)(.*)$/is.exec(text)?.[1] ?? 'default'
  return !namesOfUtf8.has(value.toLowerCase().replace(/[^a-z0-9]/g, ''))
}
