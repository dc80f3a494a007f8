import { type Problem, SchemawayError } from '../errors/schemaway-error.js'
import type { ScriptProgress } from '../history/script-progress.js'
import { locationsModule } from '../modules/select-modules.js'
import type { PlannedScript } from '../plan/plan.js'
import type { ScriptUnit } from '../scripts/script-units.js'
import { mayRunAgain } from '../scripts/script-units.js'
import type { Statement } from '../scripts/statement.js'
import { describeReference } from './describe-reference.js'
import type { ScriptReference } from './events.js'
import { hashOfSource, isSameSent } from './unit-hashes.js'

/** Why a script that stopped half-way outside a transaction cannot go on by itself. */
export interface Obstacle {
  readonly kind:
    | 'EXECUTED_STATEMENT_CHANGED'
    | 'UNFINISHED_SCRIPT_OVERTAKEN'
    | 'UNFINISHED_SCRIPT_SESSION'
    | 'STATEMENT_OUTCOME_UNKNOWN'
  /** What is wrong, without a full stop. */
  readonly message: string
  readonly advice: string
  /** The statement it is about, with its number from 1. */
  readonly statement: Statement | undefined
  readonly number: number
}

/**
 * Looks whether the file is still the one whose first part is done.
 *
 * @param values of the caller's placeholders.
 */
export function findObstacle(
  script: PlannedScript,
  progress: ScriptProgress,
  values: ReadonlyMap<string, string>,
): Obstacle | null {
  const units = script.parsed.units ?? []
  return (
    findEdited(script, progress, values) ??
    findOvertaken(script, units, progress) ??
    findLostSession(script, units, progress) ??
    findUnknown(script, units, progress)
  )
}

/** @throws SchemawayError `VALIDATION_FAILED`. */
export function refuseObstacle({ reference, file }: PlannedScript, obstacle: Obstacle): never {
  const { kind, message, advice, statement, number } = obstacle
  const names = describeReference(reference)
  const problem: Problem = { kind, message, ...names }
  throw new SchemawayError('VALIDATION_FAILED', `${message}. ${advice} Nothing was changed.`, {
    details: {
      ...names,
      file,
      ...(statement !== undefined && { line: statement.line, column: statement.column }),
      statement: number,
      problems: [problem],
    },
  })
}

/** The call that tells what people found out about a script that is not finished. */
export function settleCall(
  { module, version, description }: Pick<ScriptReference, 'module' | 'version' | 'description'>,
  unfinished: 'completed' | 'repeat' | 'restart',
): string {
  const name = JSON.stringify(version ?? description).replace(/^"([^"'\\]*)"$/, "'$1'")
  const call = `repair({ versions: [${name}], unfinished: '${unfinished}' })`
  return module === locationsModule ? call : `${call} with the module ${module} selected`
}

function findEdited(
  script: PlannedScript,
  { done }: ScriptProgress,
  values: ReadonlyMap<string, string>,
): Obstacle | null {
  const units = script.parsed.units ?? []
  for (const [index, one] of done.entries()) {
    const unit = units[index]
    const isSame = unit !== undefined && hashOfSource(script, unit) === one.sha256
    if (isSame && isSameSent(script, unit, one, values)) continue
    const what = isSame
      ? 'is done since an earlier run, which had other values for its placeholders, or another first schema in its search path'
      : 'is done since an earlier run, and was edited or moved after that'
    const back = isSame
      ? 'Run it with what it began with'
      : 'Put it back as it was and write the change behind it or into a new migration'
    return {
      kind: 'EXECUTED_STATEMENT_CHANGED',
      ...describe(script, unit, what),
      advice:
        `The file runs outside a transaction and stopped half-way: ${done.length} of its parts are done, and only what comes ` +
        `behind them may change. ${back}; or undo by hand what is done and call ${settleCall(script.reference, 'restart')}, ` +
        'behind which it begins anew.',
    }
  }
  return null
}

function findOvertaken(script: PlannedScript, units: readonly ScriptUnit[], progress: ScriptProgress): Obstacle | null {
  if (progress.overtakenBy === null) return null
  const what = `would be next, but ${progress.overtakenBy} was undone after this file had stopped half-way`
  return {
    kind: 'UNFINISHED_SCRIPT_OVERTAKEN',
    ...describe(script, units[progress.done.length], what),
    advice:
      `That may have taken along what the ${progress.done.length} parts did that are done. Undo by hand what is left of them and call ` +
      `${settleCall(script.reference, 'restart')}, behind which the file begins anew.`,
  }
}

function findLostSession(
  script: PlannedScript,
  units: readonly ScriptUnit[],
  { done, session }: ScriptProgress,
): Obstacle | null {
  // With nothing behind it that could go wrong.
  if (session === null || done.length >= units.length) return null
  const what =
    `would be next, but statement ${session.behind}, which is done, had changed its session (${session.changed.join(', ')}), in a ` +
    'way that another session cannot make again by itself'
  return {
    kind: 'UNFINISHED_SCRIPT_SESSION',
    ...describe(script, units[done.length], what),
    advice:
      'What comes behind it might do its work in another schema, or as another role. Undo by hand what is done, write the change as ' +
      `SET or SELECT set_config(...) with plain values and nothing else in the statement, and call ${settleCall(script.reference, 'restart')}, ` +
      'behind which the file begins anew.',
  }
}

function findUnknown(script: PlannedScript, units: readonly ScriptUnit[], progress: ScriptProgress): Obstacle | null {
  const { begun, done } = progress
  if (begun === null || begun.hasFailed) return null
  const mark = begun.details?.index
  // What became of an index can be seen, unless it was made without a name.
  if (mark !== undefined && (mark.kind !== 'create' || mark.nameHash !== null)) return null
  const unit = units[done.length]
  const statement = unit === undefined ? undefined : script.parsed.statements[unit.first]
  const isSame = unit !== undefined && hashOfSource(script, unit) === begun.sha256
  if (isSame && statement !== undefined && mayRunAgain(statement)) return null
  const edited = isSame ? '' : ', and was edited after that'
  return {
    kind: 'STATEMENT_OUTCOME_UNKNOWN',
    ...describe(
      script,
      unit,
      `was under way when an earlier run ended${edited}, and it is unknown whether it was completed`,
    ),
    advice:
      'It runs outside a transaction and may do harm when it is done twice. Look, and say what you found: ' +
      `${settleCall(script.reference, 'completed')} goes on behind it, ${settleCall(script.reference, 'repeat')} runs it again.`,
  }
}

function describe(
  { reference, parsed }: PlannedScript,
  unit: ScriptUnit | undefined,
  what: string,
): Pick<Obstacle, 'message' | 'statement' | 'number'> {
  const statement = unit === undefined ? undefined : parsed.statements[unit.first]
  const number = unit === undefined ? parsed.statements.length + 1 : unit.first + 1
  const place = statement === undefined ? '' : `:${statement.line}:${statement.column}`
  return { message: `${reference.script}${place}: statement ${number} ${what}`, statement, number }
}
