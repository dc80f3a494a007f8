import { execFile } from 'node:child_process'
import { appendFileSync, chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, isAbsolute, join, normalize } from 'node:path'
import { promisify } from 'node:util'
import { SchemawayError } from '../errors/schemaway-error.js'
import { writeHostBasedAuthentication, writeServerSettings } from './server-settings.js'
import type { ServerUser } from './server-user.js'

export interface ServerConfiguration {
  readonly settings?: Readonly<Record<string, string>> | undefined
  readonly files?: Readonly<Record<string, string>> | undefined
  readonly hostBasedAuthentication?: string | undefined
}

/** Copies the initialised cluster into the server's directory and configures it. */
export async function prepareServerData(
  place: { readonly directory: string; readonly port: number; readonly major: number },
  cluster: string,
  configuration: ServerConfiguration,
  user: ServerUser | null,
): Promise<void> {
  const data = join(place.directory, 'data')
  const settings = writeServerSettings(place, configuration.settings ?? {})
  // cp keeps modes, and as the server's user it makes the right owner; it is also faster than copying file by file here.
  await promisify(execFile)('cp', ['-a', cluster, data], {
    cwd: '/',
    ...(user !== null && { uid: user.uid, gid: user.gid }),
  })
  appendFileSync(join(data, 'postgresql.conf'), settings)
  if (configuration.hostBasedAuthentication !== undefined) {
    writeFileSync(join(data, 'pg_hba.conf'), writeHostBasedAuthentication(configuration.hostBasedAuthentication))
  }
  for (const [name, content] of Object.entries(configuration.files ?? {})) writePrivateFile(data, name, content, user)
}

function writePrivateFile(data: string, name: string, content: string, user: ServerUser | null): void {
  if (isAbsolute(name) || normalize(name).startsWith('..')) {
    throw new SchemawayError(
      'INVALID_OPTIONS',
      `startPostgres() cannot write the file "${name}": names in "files" are paths below the data directory.`,
      { details: { option: `files.${name}` } },
    )
  }
  const file = join(data, name)
  for (const directory of parentsBelow(data, file)) {
    if (mkdirSync(directory, { recursive: true }) !== undefined && user !== null)
      chownSync(directory, user.uid, user.gid)
  }
  writeFileSync(file, content, { mode: 0o600 })
  chmodSync(file, 0o600)
  if (user !== null) chownSync(file, user.uid, user.gid)
}

function parentsBelow(data: string, file: string): readonly string[] {
  const parent = dirname(file)
  return parent === data ? [] : [...parentsBelow(data, parent), parent]
}
