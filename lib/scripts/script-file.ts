import type { BigFile } from './big-file.js'
import type { PlaceholderMarks } from './placeholders.js'
import type { ScriptConfiguration } from './script-configuration.js'
import type { ScriptKind } from './script-name.js'
import type { Version } from './version.js'

/** What an error says about where it happened. A {@link ScriptFile} is one. */
export interface ScriptPlace {
  /** Path as history knows it, for example `iam/V20260105_100000__iam_foundation.sql`. */
  readonly script: string
  /** Absolute path on disk, or a label such as `ledger` when the text does not come from a file. */
  readonly file: string
  readonly module?: string
  readonly version?: Version | null
}

/** A file that was read and named correctly, not yet parsed. */
export interface ScriptFile extends ScriptPlace {
  readonly kind: ScriptKind
  readonly module: string
  /** `null` for repeatables and for the files that drop them. */
  readonly version: Version | null
  readonly description: string
  /** In UTF-8: a file in another encoding was translated when it was read. Of a big file it is read each time it is asked for. */
  readonly bytes: Buffer
  /** Of a file that is too big to be held in memory: how to read it in chunks. It is in UTF-8. */
  readonly big?: BigFile
  /** Of a file in TypeScript or JavaScript: the function of it that runs. Absent for SQL. */
  readonly program?: 'up' | 'down'
  /** Absent: the default ones. Null: what looks like a placeholder stays as it is. */
  readonly placeholderMarks?: PlaceholderMarks | null
  /** What the `.conf` file beside it says; absent without one. */
  readonly configuration?: ScriptConfiguration
  /** Flyway's checksum of the bytes as they are: placeholders are not replaced. */
  readonly checksum: number
}
