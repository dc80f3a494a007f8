import { readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { SchemawayError } from '../errors/schemaway-error.js'
import { checksumOfBytes } from '../scripts/checksum.js'
import { encodingError } from '../scripts/encoding-error.js'
import type { ProgramPath, ReadingRules, ScriptDirectory } from '../scripts/read-directory.js'
import type { ScriptFile } from '../scripts/script-file.js'
import { type ParsedScriptName, parseScriptName } from '../scripts/script-name.js'

const suffix = /\.[cm]?[jt]s$/
/** Written for the compiler, not for us. */
const declaration = /\.d\.[cm]?ts$/
const test = /\.(?:test|spec)\.[cm]?[jt]s$/i

/**
 * Adds the migrations in TypeScript and JavaScript to the scripts of a folder. Nothing of them is run here: their bytes are
 * read for the checksum. Names follow Flyway's grammar whatever style the SQL files have.
 *
 * @throws `UNREADABLE_DIRECTORY`, or `INVALID_SCRIPT` for one that is not in UTF-8
 */
export function readProgramFiles(
  read: Pick<ScriptDirectory, 'files' | 'badNames' | 'programs'>,
  source: { readonly module: string; readonly prefix: string; readonly rules?: ReadingRules | undefined },
): void {
  for (const program of read.programs) {
    const place = source.rules?.placeOf === undefined ? program.below : source.rules.placeOf(program.below)
    if (place === null || declaration.test(program.path)) continue
    const script = source.prefix + place
    const parsed = parseProgramName(program.below.slice(program.below.lastIndexOf('/') + 1))
    if (parsed.ok) read.files.push(readProgram(program, { script, module: source.module }, parsed))
    else read.badNames.push({ script, reason: parsed.reason })
  }
  read.files.sort((a, b) => (a.script < b.script ? -1 : 1))
  read.badNames.sort((a, b) => (a.script < b.script ? -1 : 1))
}

/** @param fileName a name that begins as one of a migration. */
export function parseProgramName(fileName: string): ParsedScriptName {
  if (test.test(fileName)) {
    return refuse("it is named as a migration, and as a test; to leave it out, add '**/*.test.*' to the option ignore")
  }
  if (/^\d/.test(fileName)) {
    return refuse(
      'a program is named V<version>__<description> and exports `up`, whatever style the SQL files have; name it so, or leave ' +
        'it out with the option ignore',
    )
  }
  const parsed = parseScriptName(fileName.replace(suffix, '.sql'))
  if (!parsed.ok) return refuse(parsed.reason.replaceAll('.sql', suffix.exec(fileName)?.[0] ?? '.sql'))
  switch (parsed.kind) {
    case 'versioned':
    case 'repeatable':
      return parsed
    case 'undo':
      return refuse('a program is undone by the `down` that its V file exports, or by a U file in SQL')
    case 'drop':
    case 'baseline':
      return refuse(`a ${parsed.kind === 'drop' ? 'UR' : 'B'} file is written in SQL; programs are V and R files`)
    default:
      return parsed.kind satisfies never
  }
}

function readProgram(
  { path }: ProgramPath,
  where: Pick<ScriptFile, 'script' | 'module'>,
  { kind, version, description }: ParsedScriptName & { readonly ok: true },
): ScriptFile {
  const bytes = readBytes(path)
  const checksum = checksumOfBytes(bytes)
  if (checksum === null) throw encodingError(bytes, { ...where, file: path })
  // A template of JavaScript looks like a placeholder.
  return { ...where, kind, file: path, version, description, bytes, program: 'up', placeholderMarks: null, checksum }
}

function readBytes(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (cause) {
    const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown reason'
    throw new SchemawayError(
      'UNREADABLE_DIRECTORY',
      `${path} cannot be read (${reason}). Give the user of this process the right to read it, and try again.`,
      { details: { directory: dirname(path), file: path }, cause },
    )
  }
}

function refuse(reason: string): ParsedScriptName {
  return { ok: false, reason }
}
