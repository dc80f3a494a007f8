import { readdirSync, readFileSync } from 'node:fs'
import type { Sql } from 'postgres'
import { defaultRoleNames, type RoleNames } from '../../lib/model/role-names.js'
import { type BundledModuleName, bundled } from '../../lib/modules/bundled.js'
import { selectModules } from '../../lib/modules/select-modules.js'

/** One bundled file, its placeholders replaced. */
export interface BundledFile {
  readonly module: string
  /** Name of the file, without its folder. */
  readonly name: string
  readonly text: string
}

/** Names of all bundled modules, link modules among them, in the order in which they are installed. */
const allModules: readonly BundledModuleName[] = bundled.map(({ name }) => name)

/** Schemas of all bundled modules. */
export const allSchemas: readonly string[] = bundled.flatMap(({ schemas }) => [...schemas])

/**
 * The files that build the modules, and the links that they complete, in their order: versioned, then repeatable.
 *
 * @param modules together with all they require
 */
export function upFiles(
  modules: readonly BundledModuleName[] = allModules,
  roleNames: RoleNames = defaultRoleNames,
): readonly BundledFile[] {
  const files = bundledFiles(modules, roleNames)
  return [...files.filter(({ name }) => /^V/.test(name)), ...files.filter(({ name }) => /^R__/.test(name))]
}

/** The files that take them away again, in their order: repeatable, then versioned, each newest first. */
export function downFiles(
  modules: readonly BundledModuleName[] = allModules,
  roleNames: RoleNames = defaultRoleNames,
): readonly BundledFile[] {
  const files = bundledFiles(modules, roleNames).toReversed()
  return [...files.filter(({ name }) => /^UR__/.test(name)), ...files.filter(({ name }) => /^U\d/.test(name))]
}

/** All files of the modules, in the order of their names, whatever module they belong to. */
export function bundledFiles(
  modules: readonly BundledModuleName[] = allModules,
  roleNames: RoleNames = defaultRoleNames,
): readonly BundledFile[] {
  return selectModules({ modules: modules.filter((name) => !isLink(name)) }, true)
    .modules.flatMap(({ name: module, directory }) =>
      readdirSync(directory).map((name) => ({
        module,
        name,
        text: replacePlaceholders(readFileSync(`${directory}/${name}`, 'utf8'), roleNames),
      })),
    )
    .sort((left, right) => (left.name < right.name ? -1 : 1))
}

/** Links come by themselves. */
function isLink(wanted: BundledModuleName): boolean {
  return bundled.some(({ name, schemas }) => name === wanted && schemas.length === 0)
}

function replacePlaceholders(text: string, roleNames: RoleNames): string {
  const values: Readonly<Record<string, string>> = { ...roleNames }
  return text.replace(/\$\{role_(\w+)\}/g, (placeholder, role: string) => values[role] ?? placeholder)
}

/**
 * Runs files as `psql -1 -v ON_ERROR_STOP=1 --file` would, each in a transaction of its own.
 *
 * @param sql a client of one connection, because it is not told about the transactions
 */
export async function runFiles(sql: Sql, files: readonly Pick<BundledFile, 'name' | 'text'>[]): Promise<void> {
  for (const { text } of files) {
    try {
      await sql.unsafe(`BEGIN;\n${text}\n;COMMIT`).simple()
    } catch (error) {
      await sql.unsafe('ROLLBACK').simple()
      throw error
    }
  }
}
