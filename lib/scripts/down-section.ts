import { namingOf } from './other-script-names.js'
import type { ScriptContext } from './script-context.js'
import type { ScriptFile } from './script-file.js'

/** As node-pg-migrate finds the part of a file that undoes the rest of it, within one line. */
const downSection = /^[ \t]*--[ \t-]*down[ \t]+migration/im

/** That of a section is shorter, in bytes. */
const longestComment = 256

/** Whether a file holds such a part, however it is named. */
export function hasDownSection(file: ScriptFile): boolean {
  const { big } = file
  if (big === undefined) return downSection.test(file.bytes.toString('utf8'))
  for (const chunk of big.chunks({ overlap: longestComment })) {
    if (downSection.test(chunk.toString('latin1'))) return true
  }
  return false
}

/** Whether a file has to be read as a whole, since {@link refuseDownSection} has something to say about it. */
export function holdsDownSection(file: ScriptFile): boolean {
  return file.big !== undefined && mayHaveDownSection(file) && hasDownSection(file)
}

function mayHaveDownSection({ kind, script }: ScriptFile): boolean {
  const naming = namingOf(script.slice(script.lastIndexOf('/') + 1))
  return kind === 'versioned' && (naming === 'up-down' || naming === 'numbered')
}

/**
 * Refuses a file that is named as node-pg-migrate names its files and ends with how it is undone: run as it stands, it
 * would make something and take it away again.
 *
 * @throws `INVALID_SCRIPT` with the line of the comment
 */
export function refuseDownSection(file: ScriptFile, source: string, context: ScriptContext): void {
  const { script } = file
  const found = mayHaveDownSection(file) ? downSection.exec(source) : null
  if (found === null) return
  throw context.errorAt(
    'INVALID_SCRIPT',
    found.index + found[0].indexOf('-'),
    'what follows this comment undoes what stands before it, and would run with it. Move it to a file of its own, ' +
      `${script.replace(/(?:\.up)?\.sql$/i, '.down.sql')}.`,
  )
}
