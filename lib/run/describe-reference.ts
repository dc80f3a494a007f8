import type { ScriptReference } from './events.js'

/** Which migration an error is about, in the words of `ErrorDetails` and of a problem. A repeatable has no version. */
export function describeReference({
  script,
  module,
  version,
}: Pick<ScriptReference, 'script' | 'module' | 'version'>): {
  readonly script: string
  readonly module: string
  readonly version?: string
} {
  return { script, module, ...(version !== null && { version }) }
}
