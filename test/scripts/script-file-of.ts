import assert from 'node:assert/strict'
import { SchemawayError } from '../../lib/errors/schemaway-error.js'
import { checksumOfBytes } from '../../lib/scripts/checksum.js'
import type { ScriptFile } from '../../lib/scripts/script-file.js'
import { parseScriptName } from '../../lib/scripts/script-name.js'

/** A script as if it had been read from the directory of the module `iam`. */
export function scriptFileOf(content: string | Buffer, name = 'V1__example.sql'): ScriptFile {
  const parsed = parseScriptName(name)
  assert.ok(parsed.ok)
  const bytes = Buffer.from(content)
  return {
    kind: parsed.kind,
    module: 'iam',
    script: `iam/${name}`,
    file: `/sql/iam/${name}`,
    version: parsed.version,
    description: parsed.description,
    bytes,
    checksum: checksumOfBytes(bytes) ?? 0,
  }
}

/** The error that `action` throws; fails when it throws none or a foreign one. */
export function errorOf(action: () => unknown): SchemawayError {
  try {
    action()
  } catch (error) {
    assert.ok(error instanceof SchemawayError, `not a SchemawayError: ${String(error)}`)
    return error
  }
  return assert.fail('nothing was thrown')
}

export const where = {
  script: 'iam/V1__example.sql',
  file: '/sql/iam/V1__example.sql',
}
