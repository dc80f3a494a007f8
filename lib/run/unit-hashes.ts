import type { DoneUnit } from '../history/script-progress.js'
import type { PlannedScript } from '../plan/plan.js'
import type { ScriptUnit } from '../scripts/script-units.js'
import { sha256OfBytes } from '../scripts/sha256.js'

/** Enough to notice another value, too few to find out a secret among them. */
const digitsOfSent = 4

/** Placeholders whose values are others in another run, on another machine, or in a file that was renamed. */
const changeByNature = /flyway\W{1,3}(timestamp|workingdirectory|filename)/i

/** Of the source, so that no value of a placeholder has an influence; rows of a COPY count. */
export function hashOfSource({ parsed }: PlannedScript, unit: ScriptUnit): string {
  return sha256OfBytes(Buffer.from(sourceOf(parsed, unit)))
}

/** Values of the caller's placeholders, by lower-case name. */
type Values = ReadonlyMap<string, string>

/**
 * Of what is sent, with the schema in which unqualified names are made, and of the values of the caller's placeholders in it. Of each
 * value come the same digits wherever and however often it is used, so that many rows tell no more of a secret than one.
 *
 * @returns undefined where values change by nature, so that equal ones cannot be asked for.
 */
export function hashOfSent(
  { parsed, searchPath }: PlannedScript,
  unit: ScriptUnit,
  values: Values,
): string | undefined {
  const source = sourceOf(parsed, unit).toLowerCase()
  if (changeByNature.test(source)) return undefined
  const used = [...values].filter(([name]) => source.includes(name)).sort(([one], [other]) => (one < other ? -1 : 1))
  const { start, end } = rangeOf(parsed, unit)
  // The longest first, since it may hold another.
  const longestFirst = used.map(([, value]) => value).sort((one, other) => other.length - one.length)
  const text = longestFirst
    .filter((value) => value !== '')
    .reduce((rest, value) => rest.replaceAll(value, '\0'), parsed.text.slice(start, end))
  // Further schemas may be what the statement that failed was missing.
  const [schema = ''] = searchPath.split(',')
  return [[schema, text], ...used].map(fewDigitsOf).join('')
}

function fewDigitsOf(texts: readonly string[]): string {
  return sha256OfBytes(Buffer.from(texts.join('\n'))).slice(0, digitsOfSent)
}

/** Whether a unit of an earlier run was sent with the values that it has now, as far as that is known. */
export function isSameSent(script: PlannedScript, unit: ScriptUnit, { details }: DoneUnit, values: Values): boolean {
  const now = details?.sent === undefined ? undefined : hashOfSent(script, unit, values)
  return now === undefined || details?.sent === now
}

function sourceOf(parsed: PlannedScript['parsed'], unit: ScriptUnit): string {
  const { start, end } = rangeOf(parsed, unit)
  return parsed.source.slice(parsed.sourceOffsetOf(start), parsed.sourceOffsetOf(end))
}

function rangeOf(
  { statements }: PlannedScript['parsed'],
  { first, behind }: ScriptUnit,
): { start: number; end: number } {
  const last = statements[behind - 1]
  return { start: statements[first]?.start ?? 0, end: last?.dataEnd ?? last?.end ?? 0 }
}
