import { existsSync, readFileSync } from 'node:fs'
import { SchemawayError } from '../errors/schemaway-error.js'
import { BigFile } from '../scripts/big-file.js'
import { checksumOfBytes } from '../scripts/checksum.js'
import { encodingErrorInFile } from '../scripts/encoding-error.js'
import { type Encoding, encodingOf, encodings } from '../scripts/encodings.js'
import { otherEncodingError, translateToUtf8 } from '../scripts/other-encodings.js'
import { factsOf, isBig, withFacts } from '../scripts/read-big-scripts.js'
import { type ScriptDirectory, unreadable } from '../scripts/read-directory.js'
import { readScriptConfiguration, type ScriptConfiguration } from '../scripts/script-configuration.js'
import { scriptError } from '../scripts/script-error.js'
import type { ScriptFile } from '../scripts/script-file.js'
import type { FileOptions } from './reading-rules.js'

/** How the scripts of a folder are read. */
interface Reading
  extends Pick<FileOptions, 'encoding' | 'placeholderPrefix' | 'placeholderSuffix' | 'placeholderSeparator'> {
  /** For errors. */
  readonly directory: string
}

/**
 * Adds to the scripts of a folder what their `.conf` files say, and refuses the first one that is not in its encoding.
 * Loaded only where there is one or the other.
 *
 * @returns the paths of `.conf` files beside which there is no script; Flyway does not look at them
 * @throws `INVALID_SCRIPT` for a script that cannot be decoded and for a faulty `.conf` file, `UNREADABLE_DIRECTORY`
 */
export function completeReading(
  { files, undecodable, configurations }: ScriptDirectory,
  reading: Reading,
): readonly string[] {
  const places = new Map(files.map(({ file }, index) => [file, index]))
  const faulty = new Map(undecodable.map((file) => [file.file, { file, encoding: reading.encoding }]))
  const alone: string[] = []
  for (const path of configurations) {
    const script = path.slice(0, -'.conf'.length)
    const place = places.get(script)
    const before = (place === undefined ? null : files[place]) ?? faulty.get(script)?.file
    if (before === undefined) {
      if (!existsSync(script)) alone.push(path)
      continue
    }
    const { file, encoding } = configure(before, path, reading)
    if (file === null) faulty.set(script, { file: before, encoding })
    else {
      faulty.delete(script)
      if (place === undefined) files.push(file)
      else files[place] = file
    }
  }
  files.sort(byScript)
  const [first] = [...faulty.values()].toSorted((a, b) => byScript(a.file, b.file))
  if (first !== undefined) throw explainEncoding(first.file, first.encoding, reading)
  return alone
}

/** A script with its configuration; null when it is not in the encoding that this names. */
function configure(
  file: ScriptFile,
  path: string,
  reading: Reading,
): { readonly file: ScriptFile | null; readonly encoding: Encoding } {
  const where = { script: `${file.script}.conf`, file: path, module: file.module }
  const text = readOrRefuse(path, reading).toString('utf8')
  const configuration = readScriptConfiguration(text, where)
  const encoding = configuration.encoding === undefined ? reading.encoding : encodingOf(configuration.encoding)
  if (encoding === null) {
    const message = `the encoding ${configuration.encoding} is not known. Known are ${encodings.join(', ')}.`
    throw scriptError('INVALID_SCRIPT', where, { line: lineOfEncoding(text), column: 1 }, message)
  }
  const facts = { configuration, ...marksIn(configuration, reading) }
  if (isBig(file) && encoding === 'utf-8') return { file: withFacts(file, facts), encoding }
  const read = readOrRefuse(file.file, reading)
  const bytes = encoding === 'utf-8' ? read : translateToUtf8(read, encoding)
  const checksum = bytes === null ? null : checksumOfBytes(bytes)
  if (bytes === null || checksum === null) return { file: null, encoding }
  return { file: { ...factsOf(file), ...facts, bytes, checksum }, encoding }
}

function marksIn(
  { placeholderReplacement }: ScriptConfiguration,
  reading: Reading,
): Pick<ScriptFile, 'placeholderMarks'> {
  if (placeholderReplacement === undefined) return {}
  const { placeholderPrefix: prefix, placeholderSuffix: suffix, placeholderSeparator: separator } = reading
  return { placeholderMarks: placeholderReplacement ? { prefix, suffix, separator } : null }
}

function lineOfEncoding(text: string): number {
  const lines = text.split(/\r\n|\n|\r/)
  return lines.findIndex((line) => /^\ufeff?\s*(?:flyway\.)?encoding\s*=/.test(line)) + 1
}

function readOrRefuse(path: string, { directory }: Reading): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    throw unreadable(path, directory, error)
  }
}

/** What is read anew is the file, since what was read may have been translated from another encoding. */
function explainEncoding(file: ScriptFile, encoding: Encoding, reading: Reading): SchemawayError {
  if (encoding !== 'utf-8') return otherEncodingError(readOrRefuse(file.file, reading), file, encoding)
  try {
    return encodingErrorInFile(new BigFile(file), file)
  } catch (error) {
    if (error instanceof SchemawayError) return error
    throw unreadable(file.file, reading.directory, error)
  }
}

function byScript(a: ScriptFile, b: ScriptFile): number {
  return a.script < b.script ? -1 : 1
}
