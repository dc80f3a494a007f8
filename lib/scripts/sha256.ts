import { createHash } from 'node:crypto'
import type { ScriptFile } from './script-file.js'

/** SHA-256 of the bytes as they are, in lower-case hexadecimal. Kept apart so that the no-op path need not load crypto. */
export function sha256OfBytes(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** SHA-256 of a script as it was read. */
export function sha256OfScript(file: ScriptFile): string {
  return file.big === undefined ? sha256OfBytes(file.bytes) : file.big.sha256()
}
