import { relative } from 'node:path'
import { suite } from 'node:test'
import { fileURLToPath } from 'node:url'

const testDirectory = fileURLToPath(new URL('..', import.meta.url))
/** In milliseconds: importing takes seconds on a busy machine. */
const longestImport = 120_000

/**
 * Registers the tests of several files in this process, each in a suite with the name of the file: one that fails while it
 * is imported, or never ends, fails by name, and its hooks are its own.
 *
 * @param files addresses of the files
 */
export function importInSuites(files: readonly string[]): void {
  let pending = files.length
  let allWereImported = (): void => {}
  const imported = new Promise<void>((resolve) => (allWereImported = resolve))
  for (const file of files) {
    const name = relative(testDirectory, fileURLToPath(file))
    suite(name, async () => {
      // The tests of a file find their suite by the call that imports it, which may therefore not wait for anything.
      try {
        await withinLimit(import(file), name)
      } finally {
        pending -= 1
        if (pending === 0) allWereImported()
      }
      // Importing takes time that the tests of another file do not expect.
      await imported
    })
  }
}

async function withinLimit(work: Promise<unknown>, name: string): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise((_resolve, reject) => {
    const error = new Error(`${name} was not imported within ${longestImport / 1000} s`)
    // It also keeps the process from ending before that is told.
    timer = setTimeout(() => reject(error), longestImport)
  })
  try {
    await Promise.race([work, limit])
  } finally {
    clearTimeout(timer)
  }
}
