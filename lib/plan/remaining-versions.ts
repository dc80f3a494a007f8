import { type Version, versionKey } from '../scripts/version.js'
import type { AppliedVersion } from './select-undo.js'

/** What is still applied while a rollback takes one version after the other. */
export class RemainingVersions {
  readonly #versions = new Map<string, number>()
  readonly #modules = new Map<string, number>()

  constructor(applied: readonly AppliedVersion[]) {
    for (const one of applied) this.#count(one, 1)
  }

  remove(one: AppliedVersion): void {
    this.#count(one, -1)
  }

  hasVersion(version: Version): boolean {
    return (this.#versions.get(versionKey(version)) ?? 0) > 0
  }

  hasModule(module: string): boolean {
    return (this.#modules.get(module) ?? 0) > 0
  }

  #count({ version, module }: AppliedVersion, step: 1 | -1): void {
    const key = versionKey(version)
    this.#versions.set(key, (this.#versions.get(key) ?? 0) + step)
    this.#modules.set(module, (this.#modules.get(module) ?? 0) + step)
  }
}
