import { readFileSync } from 'node:fs'
import type { OptionSpecification } from '../../lib/config/option-kind.js'
import { optionTable } from '../../lib/config/option-table.js'
import { sameCodes } from '../../test/flyway/same-codes.js'
import { type OutcomeField, outcomeFields, readScenarios } from '../../test/flyway/scenario.js'
import { commandNotes, optionNotes } from './flyway-names.js'
import { cell, code, table } from './markdown.js'

/** The parts of docs/flyway.md that are made from code and scenarios; the rest is written by hand. */
const parts: Readonly<Record<string, () => string>> = {
  commands: () =>
    table(
      ['Flyway', 'here', 'note'],
      commandNotes.map(({ flyway, ours, note }) => [
        cell(flyway),
        ours.map((name) => `\`${name}()\``).join(', ') || '-',
        note,
      ]),
    ),
  options: () =>
    table(
      ['Flyway', 'its default', 'here', 'our default', 'note'],
      optionNotes.map(({ flyway, default: there, ours, note }) => [
        cell(flyway),
        there === '' ? '' : code(there),
        ours === null ? '-' : code(ours),
        ours === null ? '' : describeDefault(optionTable[ours]),
        note,
      ]),
    ),
  codes: () =>
    table(
      ['Flyway', 'here'],
      [...new Set(Object.values(sameCodes))].map((theirs) => [
        code(theirs),
        Object.keys(sameCodes)
          .filter((ours) => sameCodes[ours] === theirs)
          .map(code)
          .join(', '),
      ]),
    ),
  differences: () =>
    table(
      ['situation', 'what differs, and why', 'seen in', 'scenario'],
      readScenarios().flatMap(({ name, about, differs }) =>
        differs === undefined
          ? []
          : [[cell(about), cell(sentence(differs.reason)), fieldsOf(differs.steps).join(', '), code(name)]],
      ),
    ),
}

/** The page with its generated parts made anew. */
export function writeFlywayPage(): string {
  const page = readFileSync(new URL('../flyway.md', import.meta.url), 'utf8')
  return page.replace(
    /(<!-- generated: (\w+) -->\n)[\s\S]*?(<!-- end -->)/g,
    (_, begin: string, name: string, end: string) => {
      const write = parts[name]
      if (write === undefined) throw new TypeError(`docs/flyway.md asks for ${name}, which is not made`)
      return `${begin}\n${write()}\n\n${end}`
    },
  )
}

/** What differs in any step, in the order in which it is looked at. */
function fieldsOf(steps: Readonly<Record<string, readonly OutcomeField[]>>): readonly OutcomeField[] {
  return outcomeFields.filter((field) => Object.values(steps).some((fields) => fields.includes(field)))
}

function describeDefault({ default: value }: OptionSpecification): string {
  if (value === null) return ''
  return code(Array.isArray(value) ? value.join(', ') : String(value))
}

/** Some begin with the name of an option, so the first letter stays as it is. */
function sentence(text: string): string {
  return /[.)]$/.test(text) ? text : `${text}.`
}
