import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Sql } from 'postgres'
import { defaultRoleNames, type RoleNames } from '../../lib/model/role-names.js'

/** One bundled file, its placeholders replaced. */
export interface IamFile {
  readonly name: string
  readonly text: string
}

const directory = fileURLToPath(new URL('../../sql/iam/', import.meta.url))

/** The files that build the schema, in their order: versioned, then repeatable. */
export function upFiles(roleNames: RoleNames = defaultRoleNames): readonly IamFile[] {
  return [...readFiles(/^V/, roleNames), ...readFiles(/^R__/, roleNames)]
}

/** The files that take it away again, in their order: repeatable, then versioned, each newest first. */
export function downFiles(roleNames: RoleNames = defaultRoleNames): readonly IamFile[] {
  return [...readFiles(/^UR__/, roleNames).toReversed(), ...readFiles(/^U\d/, roleNames).toReversed()]
}

/** All names of files, for tests of the files themselves. */
export function iamFileNames(): readonly string[] {
  return readdirSync(directory).sort()
}

function readFiles(pattern: RegExp, roleNames: RoleNames): readonly IamFile[] {
  return iamFileNames()
    .filter((name) => pattern.test(name))
    .map((name) => ({ name, text: replacePlaceholders(readFileSync(`${directory}${name}`, 'utf8'), roleNames) }))
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
export async function runFiles(sql: Sql, files: readonly IamFile[]): Promise<void> {
  for (const { text } of files) {
    try {
      await sql.unsafe(`BEGIN;\n${text}\n;COMMIT`).simple()
    } catch (error) {
      await sql.unsafe('ROLLBACK').simple()
      throw error
    }
  }
}
