import type { Config } from '../config/read-options.js'
import type { DatabaseState } from '../history/history-row.js'
import type { Module } from '../modules/define-module.js'
import { checksumOfRepeatable } from '../scripts/checksum.js'
import { type ParsedScript, parseScript } from '../scripts/parse-script.js'
import type { ScriptFile } from '../scripts/script-file.js'
import { placeholderValues } from './placeholder-values.js'
import { searchPathOf } from './search-path.js'

/** What the steps of a plan are made with, whichever command plans them. */
export interface PlanContext {
  /** Parses a script: once, although a rollback may run a repeatable again after every version. */
  readonly parse: (file: ScriptFile) => ParsedScript
  /** Values of the placeholders of a script, by lower-case name. */
  readonly valuesOf: (file: ScriptFile) => ReadonlyMap<string, string>
  /** The checksum that history records. */
  readonly checksumOf: (file: ScriptFile) => number
  /** Search path of the scripts of a module. */
  readonly searchPathOf: (module: string) => string
  /** Names of the modules that a module requires. */
  readonly requirementsOf: (module: string) => readonly string[]
}

/** Of a program or a hook, which have no text that is sent. */
export const noText: ParsedScript = {
  source: '',
  text: '',
  statements: [],
  directives: {},
  units: null,
  placeholders: [],
  locate: () => ({ line: 1, column: 1, offset: 0 }),
  sourceOffsetOf: () => 0,
}

/** @param modules every module whose scripts may run. */
export function createPlanContext(config: Config, modules: readonly Module[], state: DatabaseState): PlanContext {
  const values = placeholderValues(config, state)
  const parse = config.shared?.parse ?? parseScript
  return {
    parse: once((file) => (file.program !== undefined ? noText : parse(file, values(file), config))),
    valuesOf: values,
    checksumOf: once((file) => (file.kind === 'repeatable' ? checksumOfRepeatable(file, values(file)) : file.checksum)),
    searchPathOf: once((module) => searchPathOf(module, modules, config, state)),
    requirementsOf: (module) => modules.find((one) => one.name === module)?.requires ?? [],
  }
}

function once<Key, T>(work: (key: Key) => T): (key: Key) => T {
  const done = new Map<Key, T>()
  return (key) => {
    const known = done.get(key)
    if (known !== undefined) return known
    const result = work(key)
    done.set(key, result)
    return result
  }
}
