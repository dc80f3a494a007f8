import type { Routine, View } from '../../lib/catalogue/read-catalogue.js'
import { describeTable } from './describe-table.js'
import { drawDiagram } from './draw-diagram.js'
import { cell, code, sections, shortenSql, table } from './markdown.js'
import type { ModuleContents } from './read-model.js'

const origin = '<!-- Generated from the catalogue of the bundled model by npm run generate; do not edit. -->'

const purposes: Readonly<Record<string, string>> = {
  survey_telephony: 'Ties survey and telephony together: which provider a campaign calls through, and the dial loop.',
  survey_notify: 'Ties survey and notify together: which templates a campaign uses, and the e-mail about a result.',
  telephony_notify: 'Ties telephony and notify together: an opt-out of calls counts as do-not-call.',
}

/** The pages about the bundled model, by path below `docs/`: one for the whole, one for each module. */
export function writeModelPages(modules: readonly ModuleContents[]): ReadonlyMap<string, string> {
  const enums = new Set(modules.flatMap((module) => module.enums.map(({ name }) => name)))
  return new Map([
    ['model/README.md', overview(modules, enums)],
    ...modules.map((module) => [`model/${module.manifest.name}.md`, modulePage(module, enums)] as const),
  ])
}

function overview(modules: readonly ModuleContents[], enums: ReadonlySet<string>): string {
  const links = modules.flatMap((module) => module.links)
  const tables = modules.flatMap((module) => module.tables)
  const whole = tables.map((one) => ({
    ...one,
    constraints: [
      ...one.constraints,
      ...links
        .filter((link) => link.table === one.name)
        .map(({ name, definition }) => ({ name, definition, kind: 'foreign key' as const, comment: null })),
    ],
  }))
  return sections([
    origin,
    '# The bundled model',
    'A multi-tenant voice-survey platform. Every tenant table is keyed by `(organisation_id, id)` and guarded by row-level ' +
      'security, which is enabled and forced; every key between tenant tables contains the organisation. The key to ' +
      '`iam.organisations` that each of them has is left out of the diagrams.',
    table(
      ['module', 'requires', 'tables', 'enums', 'views', 'functions'],
      modules.map(({ manifest, ...contents }) => [
        `[${manifest.name}](${manifest.name}.md)`,
        manifest.requires.join(', '),
        String(contents.tables.filter(({ partitionOf }) => partitionOf === null).length),
        String(contents.enums.length),
        String(contents.views.length),
        String(contents.functions.length),
      ]),
    ),
    'A module without tables is a link: it is installed by itself as soon as all it requires are selected.',
    drawDiagram(whole, { withColumns: false, enums }),
  ])
}

function modulePage(module: ModuleContents, enums: ReadonlySet<string>): string {
  const { manifest } = module
  const tables = module.tables.filter(({ partitionOf }) => partitionOf === null)
  return sections([
    origin,
    `# ${manifest.name}`,
    [
      purposes[manifest.name] ?? cell(module.comment),
      manifest.requires.length > 0
        ? `Requires ${manifest.requires.map((name) => `[${name}](${name}.md)`).join(', ')}.`
        : '',
    ]
      .join(' ')
      .trim(),
    tables.length > 0 ? drawDiagram(tables, { withColumns: true, enums }) : '',
    tables.length > 0 ? 'The boxes show keys and states; all columns follow.' : '',
    heading('Keys that it adds', module.links),
    table(
      ['table', 'key', 'definition'],
      module.links.map(({ table: name, name: key, definition }) => [code(name), code(key), code(definition)]),
    ),
    heading('Enums', module.enums),
    table(
      ['enum', 'values, in their order', 'meaning'],
      module.enums.map(({ name, labels, comment }) => [code(name), labels.map(code).join(' '), cell(comment)]),
    ),
    heading('Domains', module.domains),
    table(
      ['domain', 'type', 'meaning'],
      module.domains.map(({ name, type, checks, comment }) => [
        code(name),
        code([type, ...checks].join(' ')),
        cell(comment),
      ]),
    ),
    heading('Tables', tables),
    ...tables.map(describeTable),
    heading('Views', module.views),
    ...module.views.map(describeView),
    heading('Functions', module.functions),
    ...module.functions.map(describeFunction),
  ])
}

function heading(title: string, items: readonly unknown[]): string {
  return items.length > 0 ? `## ${title}` : ''
}

function describeView({ name, comment, columns }: View): string {
  return sections([
    `### ${name}`,
    cell(comment),
    `Columns: ${columns.map((column) => `${code(column.name)} ${shortenSql(column.type)}`).join(', ')}.`,
  ]).trimEnd()
}

function describeFunction(routine: Routine): string {
  const { name, volatility, securityDefiner, grants, comment } = routine
  const callers = grants.map((grant) => grant.split(':')[0]?.replace(/^schemaway_/, '') ?? '')
  const who = callers.includes('PUBLIC') ? 'everybody who may use the schema' : callers.join(', ') || 'the owner only'
  return sections([
    `### ${name}`,
    cell(comment),
    ['```sql', describeCall(routine), '```'].join('\n'),
    `${volatility}${securityDefiner ? ', with the rights of the owner' : ''}; for ${who}.`,
  ]).trimEnd()
}

/** How to call it, with the defaults of its arguments. */
function describeCall({ name, arguments: types, returns, definition }: Routine): string {
  const [, call] = /^CREATE OR REPLACE FUNCTION ([^\n]+)\n/.exec(definition ?? '') ?? []
  return shortenSql(`${call ?? `${name}(${types})`} RETURNS ${returns ?? 'void'}`)
}
