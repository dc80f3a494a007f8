import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'

/** A folder of migrations for one test, removed afterwards. */
export interface ScriptFolder {
  readonly directory: string
  /** Adds or replaces files. */
  write(files: Readonly<Record<string, string>>): void
  /** Removes files. */
  remove(...names: string[]): void
}

/** Writes scripts into a folder of their own. */
export function writeScripts(t: TestContext, files: Readonly<Record<string, string>>): ScriptFolder {
  const directory = mkdtempSync(join(tmpdir(), 'schemaway-scripts-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  const folder: ScriptFolder = {
    directory,
    write: (more) => {
      for (const [name, text] of Object.entries(more)) {
        mkdirSync(dirname(join(directory, name)), { recursive: true })
        writeFileSync(join(directory, name), text)
      }
    },
    remove: (...names) => {
      for (const name of names) rmSync(join(directory, name))
    },
  }
  folder.write(files)
  return folder
}
