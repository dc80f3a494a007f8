import type { CommandName } from './command-names.js'
import type { OptionSpecification } from './option-kind.js'
import { optionTable } from './option-table.js'

const day = 86_400_000

/** The options of `migrateAll()` that no other command takes. A start of a service does not load them. */
const optionsOfMigrateAll = {
  concurrency: {
    kind: { type: 'integer', minimum: 1, maximum: 1_000 },
    default: 8,
    commands: ['migrateAll'],
    text: 'How many databases are migrated at the same time, each with a connection of its own.',
  },
  stopOnFailure: {
    kind: { type: 'boolean' },
    default: false,
    commands: ['migrateAll'],
    text: 'Begin no further database once one has failed. Those under way are completed.',
  },
  timeoutPerTarget: {
    kind: { type: 'integer', minimum: 0, maximum: 7 * day },
    default: 0,
    commands: ['migrateAll'],
    text: 'Longest time for one database, from connecting to the end, in milliseconds; then it is stopped as by `signal`, and fails with `TARGET_TIMEOUT`. 0 means no limit.',
  },
  only: {
    kind: { type: 'list', mayBeEmpty: true },
    default: null,
    commands: ['migrateAll'],
    text: 'Names of the targets to migrate, such as `resume` of an earlier report; the others are passed over. An empty list names none of them. Default: all.',
  },
  onResult: {
    kind: { type: 'listener' },
    default: null,
    commands: ['migrateAll'],
    text: 'Called with the result of each database and, where it ended well, the report of its `migrate()`; it is waited for. With it, the report of `migrateAll()` lists only what did not end well. What it throws is logged and ignored.',
  },
} as const satisfies Record<string, OptionSpecification>

/** Every option there is: those that {@link optionTable} holds for a quick start, and the rest. */
export const wholeOptionTable = { ...optionTable, ...optionsOfMigrateAll }

export type WholeOptionName = keyof typeof wholeOptionTable

export const wholeOptionNames = Object.keys(wholeOptionTable) as readonly WholeOptionName[]

/** Names of the options that one command takes. */
export function wholeOptionNamesOf(command: CommandName): readonly WholeOptionName[] {
  return wholeOptionNames.filter((name) => {
    const { commands }: OptionSpecification = wholeOptionTable[name]
    return commands === undefined || commands.includes(command)
  })
}
