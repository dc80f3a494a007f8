import { commandNames } from '../../lib/config/command-names.js'
import type { OptionSpecification } from '../../lib/config/option-kind.js'
import { wholeOptionNames, wholeOptionTable } from '../../lib/config/whole-option-table.js'

/** What can be called; createMigrator() takes what migrate() takes. */
const commands = commandNames.filter((name) => name !== 'createMigrator')
/** So many names at the most are listed as those that do not take an option. */
const mostExceptions = 4

/** The page with every option, its default and its meaning, from the table that the program itself reads. */
export function writeConfiguration(): string {
  const rows = wholeOptionNames.map((name) => {
    const specification: OptionSpecification = wholeOptionTable[name]
    return `| \`${name}\` | ${describeKind(specification)} | ${describeDefault(specification)} | ${describeCommands(specification)} | ${specification.text} |`
  })
  return `<!-- Generated from lib/config/whole-option-table.ts by npm run generate; do not edit. -->

# Configuration

Options are checked once, before anything else happens. An unknown one is an error that names the nearest known one. Times are
in milliseconds. \`createMigrator()\` takes what \`migrate()\` takes.

| option | value | default | commands | meaning |
|---|---|---|---|---|
${rows.join('\n')}

What \`connection\` may contain, and which parameters and environment variables a connection URL and libpq's variables stand
for, is written beside \`ConnectionOptions\` in \`lib/run/connection-target.ts\`.
`
}

function describeKind({ kind }: OptionSpecification): string {
  switch (kind.type) {
    case 'integer':
      return `${kind.minimum.toLocaleString('en')} to ${kind.maximum.toLocaleString('en')}`
    case 'choice':
    case 'encoding':
      return kind.values.map((value) => `\`'${value}'\``).join(' or ')
    case 'url':
      return 'text or URL'
    case 'connection':
    case 'logger':
      return 'object'
    case 'client':
      return 'postgres.js client'
    case 'modules':
      return 'list of names or modules'
    case 'locations':
      return 'path, `file:` URL, or list of them'
    case 'list':
      return kind.mayBeEmpty ? 'list of texts' : 'list of one or more texts'
    case 'texts':
      return 'object of texts'
    case 'roles':
      return 'object of role names'
    case 'retention':
      return 'object of `{ months }` (1 to 1,200) by table'
    case 'signal':
      return 'AbortSignal'
    case 'listener':
      return 'function'
    case 'hooks':
      return 'object of functions by event'
    case 'boolean':
      return '`true` or `false`'
    case 'identifier':
    case 'text':
      return 'text'
    default:
      return kind satisfies never
  }
}

function describeDefault({ default: value }: OptionSpecification): string {
  if (value === null) return ''
  return typeof value === 'number' ? value.toLocaleString('en') : `\`${value}\``
}

function describeCommands({ commands: own }: OptionSpecification): string {
  const taking = commands.filter((name) => own === undefined || own.includes(name))
  const others = commands.filter((name) => !taking.includes(name))
  const list = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join(', ')
  if (others.length === 0) return 'all'
  return others.length <= mostExceptions ? `all but ${list(others)}` : list(taking)
}
