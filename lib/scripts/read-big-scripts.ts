import { BigFile } from './big-file.js'
import { type ScriptDirectory, type UnreadScript, unreadable } from './read-directory.js'
import type { ScriptFile } from './script-file.js'

/**
 * Reads the scripts of a folder that are too big to be held in memory, each once, for its checksum.
 *
 * @param root the folder, for errors
 * @throws `UNREADABLE_DIRECTORY` when one cannot be read, `INVALID_SCRIPT` when it changes meanwhile
 */
export function readBigScripts({ files, undecodable, unread }: ScriptDirectory, root: string): void {
  for (const one of unread) {
    const big = openBigFile(one, root)
    const checksum = big.checksum()
    if (checksum !== null) files.push(bigScript(one, big, checksum))
    else undecodable.push({ ...one, checksum: 0, bytes: Buffer.alloc(0) })
  }
  if (unread.length === 0) return
  for (const list of [files, undecodable]) list.sort((a, b) => (a.script < b.script ? -1 : 1))
}

export function isBig(file: ScriptFile): file is ScriptFile & { readonly big: BigFile } {
  return file.big !== undefined
}

/** What is known of a script besides its text. Copying it by spread would read the text. */
export function factsOf(file: ScriptFile): UnreadScript {
  const { kind, module, script, file: path, version, description, placeholderMarks, configuration } = file
  return {
    kind,
    module,
    script,
    file: path,
    version,
    description,
    ...(placeholderMarks !== undefined && { placeholderMarks }),
    ...(configuration !== undefined && { configuration }),
  }
}

/** The same script with more facts. */
export function withFacts(file: ScriptFile & { readonly big: BigFile }, facts: Partial<UnreadScript>): ScriptFile {
  return bigScript({ ...factsOf(file), ...facts }, file.big, file.checksum)
}

function bigScript(file: UnreadScript, big: BigFile, checksum: number): ScriptFile {
  return {
    ...file,
    checksum,
    big,
    get bytes() {
      return big.read()
    },
  }
}

function openBigFile(file: UnreadScript, root: string): BigFile {
  try {
    return new BigFile(file)
  } catch (error) {
    throw unreadable(file.file, root, error)
  }
}
