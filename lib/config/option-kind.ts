import type { Encoding } from '../scripts/encodings.js'
import type { CommandName } from './command-names.js'

/** What an option may be. The fast check and the zod schema are both built from these kinds. */
export type OptionKind =
  | { readonly type: 'url' | 'connection' | 'client' }
  | { readonly type: 'modules' | 'locations' | 'texts' | 'roles' | 'retention' }
  /** An empty list of what is wanted would read as "nothing" and mean "everything", so it is refused. */
  | { readonly type: 'list'; readonly mayBeEmpty: boolean }
  | { readonly type: 'signal' | 'logger' | 'listener' | 'hooks' }
  | { readonly type: 'boolean' | 'text' }
  /** `longest` in bytes. */
  | { readonly type: 'identifier'; readonly longest: number }
  | { readonly type: 'integer'; readonly minimum: number; readonly maximum: number }
  | { readonly type: 'choice'; readonly values: readonly string[] }
  /** In any case, or by another name that Java has for one of them. */
  | { readonly type: 'encoding'; readonly values: readonly Encoding[] }

export interface OptionSpecification {
  readonly kind: OptionKind
  /** Value when the caller gives none; `null` means "not set". */
  readonly default: string | number | boolean | readonly string[] | null
  /** Commands that take it; absent means every command. */
  readonly commands?: readonly CommandName[]
  /** One sentence for the documentation. */
  readonly text: string
}
