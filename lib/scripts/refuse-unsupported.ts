import { type Directives, findDirectiveComments } from './directives.js'
import { isNonTransactional } from './non-transactional.js'
import type { ScriptContext } from './script-context.js'
import type { ScannedText, Statement } from './statement.js'

/**
 * What this release cannot run, in one place: scripts outside a transaction, rows and output through COPY, psql commands.
 *
 * @throws `INVALID_SCRIPT` with line and remedy
 */
export function refuseUnsupported(scanned: ScannedText, directives: Directives, context: ScriptContext): void {
  const refuse = (offset: number, message: string) => context.errorAt('INVALID_SCRIPT', offset, message)
  if (directives.transaction === 'none') {
    const directive = findDirectiveComments(scanned.text).find((comment) => comment.text.includes('transaction'))
    throw refuse(directive?.offset ?? 0, `transaction=none is not supported yet. ${outsideRemedy}`)
  }
  for (const statement of scanned.statements) {
    const reason = reasonToRefuse(statement, scanned.text)
    if (reason !== null) throw refuse(statement.start, reason)
  }
}

const outsideRemedy =
  'Every file runs in a transaction: use a statement that can, or run this one by hand and leave it out of the file.'

function reasonToRefuse(statement: Statement, text: string): string | null {
  const { kind, keywords } = statement
  switch (kind) {
    case 'copy-from-stdin':
      return 'COPY ... FROM STDIN is not supported yet. Write the rows as INSERT statements.'
    case 'psql-command': {
      const command = /^\\\S*/.exec(text.slice(statement.start, statement.end))?.[0] ?? '\\'
      return `${command} is a command of psql, which is not supported yet. Remove it or write it as SQL.`
    }
    case 'sql':
      if (copiesToStdout(keywords)) {
        return 'COPY ... TO STDOUT is not supported yet: nobody reads its output. Remove it.'
      }
      if (isNonTransactional(statement)) {
        return `${keywords.slice(0, 3).join(' ')} cannot run inside a transaction and is not supported yet. ${outsideRemedy}`
      }
      return null
    default:
      return kind satisfies never
  }
}

function copiesToStdout(keywords: readonly string[]): boolean {
  const to = keywords.indexOf('TO')
  return keywords[0] === 'COPY' && to > 0 && (keywords[to + 1] === 'STDOUT' || keywords[to + 1] === 'STDIN')
}
