import { createHash } from 'node:crypto'

/** SHA-256 of the bytes as they are, in lower-case hexadecimal. Kept apart so that the no-op path need not load crypto. */
export function sha256OfBytes(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}
