import { SchemawayError } from '../errors/schemaway-error.js'
import type { PlannedScript, PlanStep } from '../plan/plan.js'
import { abortedError } from '../run/abort.js'
import { describeReference } from '../run/describe-reference.js'
import { importProgram, type LoadedProgram, type ProgramPlace } from './import-program.js'
import { type Stoppable, untilStopped } from './until-stopped.js'

/** The loaded programs of a plan, by the script that they are. */
export type LoadedPrograms = ReadonlyMap<PlannedScript, LoadedProgram>

/**
 * Loads every program that a plan is going to run, before anything runs, so that one that cannot be loaded stops the whole run.
 *
 * @param stop says when nobody waits any more for one that never finishes loading.
 * @throws SchemawayError `INVALID_SCRIPT`, `ABORTED`, `CONNECTION_LOST`; `UNDO_MISSING` for a rollback of one without `down`.
 */
export async function loadPrograms(steps: readonly PlanStep[], stop: Stoppable): Promise<LoadedPrograms> {
  const byFile = new Map<string, LoadedProgram>()
  const load = async (place: ProgramPlace): Promise<LoadedProgram> => {
    const loaded = byFile.get(place.file) ?? (await importUnlessStopped(place, stop))
    byFile.set(place.file, loaded)
    return loaded
  }
  const programs = new Map<PlannedScript, LoadedProgram>()
  const withoutDown: PlanStep[] = []
  for (const step of steps) {
    const { mustNotExportDown, reference } = step
    if (mustNotExportDown !== undefined) {
      const place = { ...describeReference(reference), file: mustNotExportDown.file }
      if ((await load(place)).down !== undefined) throw undoneTwice(place, mustNotExportDown.undoScript)
    }
    for (const script of step.scripts) {
      if (script.program === undefined) continue
      const place = { ...describeReference(script.reference), file: script.file }
      const program = await load(place)
      if (script.program === 'down' && program.down === undefined) withoutDown.push(step)
      else if (script.program === 'up') {
        refuseUseless(program, place)
        if (step.action === 'apply') refuseEdited(program, step, place)
      }
      programs.set(script, program)
    }
  }
  if (withoutDown.length > 0) throw undoMissing(withoutDown)
  return programs
}

async function importUnlessStopped(place: ProgramPlace, stop: Stoppable): Promise<LoadedProgram> {
  try {
    return await untilStopped(() => importProgram(place), stop, 0)
  } catch (error) {
    throw stop.signal?.aborted ? abortedError(`${place.script} was being loaded`, stop.signal.reason) : error
  }
}

function refuseUseless({ down }: LoadedProgram, place: ProgramPlace): void {
  if (place.version !== undefined || down === undefined) return
  throw new SchemawayError(
    'INVALID_SCRIPT',
    `${place.script} exports \`down\`, which nothing would run: what a repeatable made is dropped by its UR file. Remove it, and write ` +
      'UR__<description>.sql. Nothing was changed.',
    { details: place },
  )
}

/** History would get the checksum of another text than the one that runs. */
function refuseEdited({ sha256 }: LoadedProgram, { ledgerEntries }: PlanStep, place: ProgramPlace): void {
  if (ledgerEntries[0]?.sha256 === sha256) return
  throw new SchemawayError(
    'INVALID_SCRIPT',
    `${place.script} was edited while the run began. Nothing was changed; run again.`,
    {
      details: place,
    },
  )
}

function undoneTwice(place: ProgramPlace, undoScript: string): SchemawayError {
  return new SchemawayError(
    'INVALID_SCRIPT',
    `${place.script} exports \`down\`, and ${undoScript} says as well how it is undone. Remove one of the two. Nothing was changed.`,
    { details: place },
  )
}

function undoMissing(steps: readonly PlanStep[]): SchemawayError {
  const problems = steps.map(({ reference }) => ({
    kind: 'UNDO_MISSING',
    message: `${reference.script} exports no function \`down\``,
    ...describeReference(reference),
  }))
  return new SchemawayError(
    'UNDO_MISSING',
    `Nothing says how to undo ${steps.map(({ reference }) => reference.script).join(', ')}: no \`down\` is exported, and there is ` +
      'no U file beside it. Of a program the ledger keeps no text. Export `down`, or write a U file in SQL. Nothing was changed.',
    { details: { problems } },
  )
}
