/**
 * Writes what is made from code and from the catalogue of the bundled model: `npm run generate`. Tests compare it with what
 * this would write.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { startPostgres, type TestDatabase } from '../lib/testing/index.js'
import { readModel } from './generate/read-model.js'
import { writeConfiguration } from './generate/write-configuration.js'
import { writeModelPages } from './generate/write-model-pages.js'

/** Generated pages by path below `docs/` that need no database. */
export const generatedPages: ReadonlyMap<string, string> = new Map([['configuration.md', writeConfiguration()]])

/**
 * The files that are made from the bundled model, by path below `docs/`.
 *
 * @param database an empty one
 */
export async function generateFromModel(database: TestDatabase): Promise<ReadonlyMap<string, string>> {
  return writeModelPages(await readModel(database))
}

async function writeAll(): Promise<void> {
  const server = await startPostgres()
  try {
    const fromModel = await generateFromModel(await server.createDatabase())
    for (const [path, text] of [...generatedPages, ...fromModel]) {
      const url = new URL(path, import.meta.url)
      mkdirSync(new URL('.', url), { recursive: true })
      writeFileSync(url, text)
      console.log(`wrote docs/${path}`)
    }
  } finally {
    await server.stop()
  }
}

if (process.argv[1] === import.meta.filename) await writeAll()
