/**
 * Writes what is made from code and from the catalogue of the bundled model: `npm run generate`. Tests compare it with what
 * this would write.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { migrate } from '../lib/index.js'
import { startPostgres, type TestDatabase } from '../lib/testing/index.js'
import { readModel } from './generate/read-model.js'
import { writeConfiguration } from './generate/write-configuration.js'
import { writeFlywayPage } from './generate/write-flyway-page.js'
import { writeModelFace } from './generate/write-model-face.js'
import { writeModelPages } from './generate/write-model-pages.js'
import { writeSnapshots } from './generate/write-snapshots.js'

/** Generated pages by path below `docs/` that need no database. */
export const generatedPages: ReadonlyMap<string, string> = new Map([
  ['configuration.md', writeConfiguration()],
  ['flyway.md', writeFlywayPage()],
])

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
    const database = await server.createDatabase()
    await migrate({ url: database.url })
    // The face first: the pages are made by taking the links away.
    for (const [path, text] of await writeModelFace(database.sql)) write(path, text)
    for (const [path, text] of [...generatedPages, ...(await generateFromModel(database))]) write(`docs/${path}`, text)
  } finally {
    await server.stop()
  }
  await writeSnapshots()
}

/** @param path from the root of the repository */
function write(path: string, text: string): void {
  const url = new URL(`../${path}`, import.meta.url)
  mkdirSync(new URL('.', url), { recursive: true })
  writeFileSync(url, text)
  console.log(`wrote ${path}`)
}

if (process.argv[1] === import.meta.filename) await writeAll()
