import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ConnectionOptions as NodeTlsOptions } from 'node:tls'
import { SchemawayError } from '../errors/schemaway-error.js'

/** libpq's `sslmode`. */
export type TlsMode = 'disable' | 'allow' | 'prefer' | 'require' | 'verify-ca' | 'verify-full'

/** How a connection is encrypted: the mode, and what `tls.connect` gets. Unix sockets are never encrypted. */
export interface TlsSettings extends NodeTlsOptions {
  readonly mode: TlsMode
}

/** A parameter and the place it came from, for messages. */
export interface Parameter {
  readonly value: string
  readonly source: string
}

const modes: readonly TlsMode[] = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full']
const protocolVersions = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'] as const

/**
 * Reads libpq's ssl parameters. Certificates in libpq's folder (`~/.postgresql/root.crt`, `postgresql.crt`,
 * `postgresql.key`) are used where no other file is named.
 *
 * As in libpq, a root certificate makes every mode below `verify-full` check the chain; `prefer` then goes on without
 * TLS when the check fails. Unlike libpq, `verify-full` without any root certificate trusts the authorities that
 * Node.js trusts, and so does `sslrootcert=system`, which implies `verify-full`.
 *
 * @throws SchemawayError `INVALID_OPTIONS`.
 */
export function readTlsSettings(find: (name: string) => Parameter | undefined, folder: string): TlsSettings {
  const rootFile = find('sslrootcert')
  const usesSystemRoots = rootFile?.value === 'system'
  const mode = readMode(find, usesSystemRoots)
  if (mode === 'disable') return { mode }
  const ca = usesSystemRoots ? undefined : readFile(rootFile, join(folder, 'root.crt'))
  if (mode === 'verify-ca' && ca === undefined) {
    throw invalid('sslrootcert', 'sslmode=verify-ca needs the certificate of the authority to trust; name its file')
  }
  const cert = readFile(find('sslcert'), join(folder, 'postgresql.crt'))
  const key = cert === undefined ? undefined : readFile(find('sslkey'), join(folder, 'postgresql.key'))
  if (cert !== undefined && key === undefined) throw invalid('sslkey', 'the client certificate has no private key')
  const crl = ca === undefined ? undefined : readFile(find('sslcrl'), join(folder, 'root.crl'))
  const passphrase = find('sslpassword')?.value
  const minVersion = readProtocolVersion(find('ssl_min_protocol_version'))
  const maxVersion = readProtocolVersion(find('ssl_max_protocol_version'))
  return {
    mode,
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(crl !== undefined && { crl }),
    ...(passphrase !== undefined && { passphrase }),
    ...(minVersion !== undefined && { minVersion }),
    ...(maxVersion !== undefined && { maxVersion }),
    ...(find('sslsni')?.value === '0' && { servername: '' }),
  }
}

function readMode(find: (name: string) => Parameter | undefined, usesSystemRoots: boolean): TlsMode {
  const given = find('sslmode')
  const mode = modes.find((one) => one === given?.value)
  if (given !== undefined && mode === undefined) throw invalid(given.source, `it must be ${modes.join(', ')}`)
  if (usesSystemRoots && mode !== undefined && mode !== 'verify-full') {
    throw invalid('sslrootcert', `sslrootcert=system needs sslmode=verify-full; with ${mode} any certificate would do`)
  }
  return mode ?? (usesSystemRoots ? 'verify-full' : 'prefer')
}

function readProtocolVersion(given: Parameter | undefined): (typeof protocolVersions)[number] | undefined {
  if (given === undefined) return undefined
  const version = protocolVersions.find((one) => one === given.value)
  if (version === undefined) throw invalid(given.source, `it must be ${protocolVersions.join(', ')}`)
  return version
}

/** A file that was named must be there; one of libpq's folder may be missing. */
function readFile(given: Parameter | undefined, usual: string): Buffer | undefined {
  // To make an error for a file that most do not have takes a start longer than to look for it.
  if (given === undefined && !existsSync(usual)) return undefined
  try {
    return readFileSync(given?.value ?? usual)
  } catch (error) {
    if (given === undefined) return undefined
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown reason'
    throw invalid(given.source, `the file ${given.value} cannot be read (${code})`)
  }
}

function invalid(option: string, reason: string): SchemawayError {
  return new SchemawayError('INVALID_OPTIONS', `The connection parameter ${option} cannot be used: ${reason}.`, {
    details: { option },
  })
}
