import { SchemawayError } from '../errors/schemaway-error.js'
import { type FailedProgram, ownFailure, type ProgramFailure } from './program-failure.js'
import type { Leftovers } from './sql-scope.js'

/** Refuses a program that does not wait for its own queries: they may never have been sent. */
export function refuseLeftovers(program: FailedProgram, { underWay, forgotten }: Leftovers): void {
  if (underWay === 0 && forgotten.length === 0) return
  const [first] = forgotten
  const text = first?.isWritten ? ` (${first.text.trim().replace(/\s+/g, ' ').slice(0, 80)})` : ''
  const what =
    underWay > 0
      ? `${underWay === 1 ? 'a query was' : `${underWay} queries were`} still under way`
      : `${forgotten.length === 1 ? 'a query was' : `${forgotten.length} queries were`} neither awaited nor made part of another one${text}`
  throw ownFailure(program, ({ remains }) => ({
    code: 'PROGRAM_FAILED',
    message:
      `${program.script.reference.script}: when ${program.direction}() ended, ${what}. Write await before each query, and await ` +
      `Promise.all() of several. ${remains ?? 'The transaction is rolled back, nothing of it remains.'}`,
  }))
}

/** Of an `up` outside a transaction that began one itself. */
export function leftOpen(program: FailedProgram): ProgramFailure {
  return ownFailure(program, ({ remains }) => ({
    code: 'PROGRAM_FAILED',
    message:
      `${program.script.reference.script}: up() ended with a transaction still open, which is rolled back now. Write COMMIT at its end. ` +
      `${remains ?? ''}`,
  }))
}

/** What there is to say of a query that comes when the program is over. */
export function lateQuery({ script, direction }: FailedProgram): SchemawayError {
  return new SchemawayError(
    'PROGRAM_FAILED',
    `A query came after ${direction}() of ${script.reference.script} had ended, and was not sent. Await every query inside it.`,
    { details: { script: script.reference.script, file: script.file } },
  )
}
