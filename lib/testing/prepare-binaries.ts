import {
  chmodSync,
  constants,
  copyFileSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
} from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { publishOnce } from './cache-directory.js'
import type { Binaries } from './find-binaries.js'
import { isReachable, type ServerUser } from './server-user.js'

/**
 * Returns a directory with `bin/`, `lib/` and `share/` that the server's user can run. An installation of the operating
 * system is used where it lies. Everything else is put into the cache once, hard-linked where the file system allows it:
 * a `node_modules` may be read-only or private, and npm leaves out the symbolic links between the libraries.
 */
export async function prepareBinaries(binaries: Binaries, cache: string, user: ServerUser | null): Promise<string> {
  if (!binaries.isPackage && isReachable(join(binaries.directory, 'bin'), user)) return binaries.directory
  return await publishOnce(cache, `binaries-${binaries.key}`, (directory) => {
    chmodSync(directory, 0o755)
    for (const part of ['bin', 'lib', 'share']) copyTree(join(binaries.directory, part), join(directory, part))
    if (binaries.isPackage) makeSymbolicLinks(join(binaries.directory, 'pg-symlinks.json'), directory)
  })
}

function copyTree(from: string, to: string): void {
  mkdirSync(to)
  chmodSync(to, 0o755)
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const source = join(from, entry.name)
    const target = join(to, entry.name)
    const stats = statSync(source)
    if (stats.isDirectory()) copyTree(source, target)
    else linkOrCopy(source, target, stats.mode)
  }
}

function linkOrCopy(source: string, target: string, mode: number): void {
  const readableByAll = mode | 0o444 | (mode & 0o100 ? 0o111 : 0)
  // A link shares the permissions of its file, and those of the project are not ours to change.
  if (mode === readableByAll && tryToLink(source, target)) return
  copyFileSync(source, target, constants.COPYFILE_FICLONE)
  chmodSync(target, readableByAll & 0o755)
}

function tryToLink(source: string, target: string): boolean {
  try {
    linkSync(source, target)
    return true
  } catch {
    // Another file system, or a kernel that lets only owners link.
    return false
  }
}

/** The package lists its links as paths below `native/`, which is `directory` here. */
function makeSymbolicLinks(list: string, directory: string): void {
  const links: readonly { source: string; target: string }[] = JSON.parse(readFileSync(list, 'utf8'))
  for (const { source, target } of links) {
    const link = join(directory, relative('native', target))
    try {
      symlinkSync(relative(dirname(target), source), link)
    } catch (error) {
      // The package's own script ran after all: the copy has a file under this name already.
      if (!readdirSync(dirname(link)).includes(basename(link))) throw error
    }
  }
}
