import { SchemawayError } from '../errors/schemaway-error.js'
import type { PlannedScript, PlanStep } from '../plan/plan.js'
import { describeReference } from './describe-reference.js'
import type { Run } from './open-run.js'

/** The scripts of steps that run outside a transaction by what their text says. Of programs only their code tells. */
export function scriptsOutside(steps: readonly PlanStep[]): readonly PlannedScript[] {
  return steps.flatMap(({ scripts }) => scripts.filter(({ parsed }) => parsed.units !== null))
}

/**
 * Refuses what runs outside a transaction where nothing but transactions can be kept apart.
 *
 * @throws SchemawayError `SERVER_UNSUITABLE` with all of them.
 */
export function refuseOutsideOfTransactions({ care, session }: Run, outside: readonly PlannedScript[]): void {
  const [first] = outside
  if (first === undefined || !care.isShared) return
  const names = [...new Set(outside.map(({ reference }) => reference.script))]
  const [runs, they] = names.length === 1 ? ['runs', 'it'] : ['run', 'them']
  throw new SchemawayError(
    'SERVER_UNSUITABLE',
    `${names.join(', ')} ${runs} outside a transaction, but ${session.display} is used through a connection pooler, or with ` +
      "`lockStrategy: 'transaction'`, so that nothing would keep other processes away meanwhile. Run " +
      `${they} with a direct URL of the database; or, where the pooler pools sessions, with \`lockStrategy: 'session'\`. Nothing was ` +
      'changed.',
    {
      details: {
        server: session.display,
        script: first.reference.script,
        file: first.file,
        problems: outside.map(({ reference }) => ({
          kind: 'OUTSIDE_TRANSACTION',
          message: `${reference.script} runs outside a transaction`,
          ...describeReference(reference),
        })),
      },
    },
  )
}
