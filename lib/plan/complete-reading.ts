import { readFileSync } from 'node:fs'
import type { Config } from '../config/read-options.js'
import { checksumOfBytes } from '../scripts/checksum.js'
import { encodingError } from '../scripts/encoding-error.js'
import { otherEncodingError, translateToUtf8 } from '../scripts/other-encodings.js'
import type { ScriptDirectory } from '../scripts/read-directory.js'
import { readScriptConfiguration } from '../scripts/script-configuration.js'
import { scriptError } from '../scripts/script-error.js'
import type { ScriptFile } from '../scripts/script-file.js'
import type { FileOptions } from './reading-rules.js'

type Encoding = Config['encoding']

const encodings: readonly Encoding[] = ['utf-8', 'iso-8859-1', 'windows-1252', 'utf-16le', 'utf-16be']

/**
 * Adds to the scripts of a folder what their `.conf` files say, and refuses the first one that is not in its encoding.
 * Loaded only where there is one or the other.
 *
 * @throws `INVALID_SCRIPT` for a script that cannot be decoded and for a faulty `.conf` file
 */
export function completeReading(
  { files, undecodable, configurations }: ScriptDirectory,
  options: Pick<FileOptions, 'encoding' | 'placeholderPrefix' | 'placeholderSuffix'>,
): void {
  let faulty: readonly (readonly [file: ScriptFile, encoding: Encoding])[] = undecodable.map((file) => [
    file,
    options.encoding,
  ])
  for (const path of configurations) {
    const isItsScript = ({ file }: ScriptFile): boolean => `${file}.conf` === path
    const index = files.findIndex(isItsScript)
    const before = files[index] ?? undecodable.find(isItsScript)
    if (before === undefined) continue
    const { file, encoding } = configure(before, path, options)
    faulty = faulty.filter(([one]) => one !== before)
    if (file === null) faulty = [...faulty, [before, encoding]]
    else if (index === -1) files.push(file)
    else files[index] = file
  }
  files.sort((a, b) => (a.script < b.script ? -1 : 1))
  const [first] = faulty
  if (first === undefined) return
  const [file, encoding] = first
  // Not what was read: that may have been translated from another encoding.
  const bytes = readFileSync(file.file)
  throw encoding === 'utf-8' ? encodingError(bytes, file) : otherEncodingError(bytes, file, encoding)
}

/** A script with its configuration; null when it is not in the encoding that this names. */
function configure(
  file: ScriptFile,
  path: string,
  options: Pick<FileOptions, 'encoding' | 'placeholderPrefix' | 'placeholderSuffix'>,
): { readonly file: ScriptFile | null; readonly encoding: Encoding } {
  const where = { script: `${file.script}.conf`, file: path, module: file.module }
  const configuration = readScriptConfiguration(readFileSync(path, 'utf8'), where)
  const { placeholderReplacement } = configuration
  const name = configuration.encoding?.toLowerCase() ?? options.encoding
  const encoding = encodings.find((one) => one === name)
  if (encoding === undefined) {
    const message = `the encoding ${name} is not known. Known are ${encodings.join(', ')}.`
    throw scriptError('INVALID_SCRIPT', where, { line: 1, column: 1 }, message)
  }
  const read = readFileSync(file.file)
  const bytes = encoding === 'utf-8' ? read : translateToUtf8(read, encoding)
  const checksum = bytes === null ? null : checksumOfBytes(bytes)
  if (bytes === null || checksum === null) return { file: null, encoding }
  const { placeholderPrefix: prefix, placeholderSuffix: suffix } = options
  const marks =
    placeholderReplacement === undefined ? {} : { placeholderMarks: placeholderReplacement ? { prefix, suffix } : null }
  return { file: { ...file, bytes, checksum, configuration, ...marks }, encoding }
}
