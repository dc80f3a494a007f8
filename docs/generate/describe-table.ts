import type { Table } from '../../lib/catalogue/read-catalogue.js'
import { parseForeignKey } from './foreign-key.js'
import { cell, code, sections, shortenSql, table, unwrap } from './markdown.js'

/** The section of a page that describes one table. */
export function describeTable(described: Table): string {
  const { name, comment, columns, constraints, indexes, triggers, partitionKey, grants } = described
  const isKey = (index: string): boolean => constraints.some((constraint) => constraint.name === index)
  const ofKind = (wanted: string) => constraints.filter(({ kind }) => kind === wanted)
  return sections([
    `### ${name}`,
    cell(comment) + (partitionKey === null ? '' : ` Partitioned by ${code(partitionKey)}.`),
    table(
      ['column', 'type', 'null', 'default', 'meaning'],
      columns.map((column) => [
        code(column.name),
        code(shortenSql(column.type)),
        column.nullable ? 'yes' : 'no',
        column.default === null ? '' : code(shortenSql(column.default)),
        cell(column.comment),
      ]),
    ),
    table(
      ['key', 'columns', 'leads to'],
      [
        ...[...ofKind('primary key'), ...ofKind('unique')].map((key) => [
          code(key.name),
          /\((.+)\)/.exec(key.definition)?.[1] ?? '',
          key.kind,
        ]),
        ...ofKind('foreign key').map((key) => {
          const { columns: own, target, actions } = parseForeignKey(key.definition)
          return [code(key.name), own.join(', '), `${target}${actions === '' ? '' : `, ${actions.toLowerCase()}`}`]
        }),
      ],
    ),
    table(
      ['rule', 'what it asks for'],
      ofKind('check').map((check) => [
        code(check.name),
        code(shortenSql(unwrap(check.definition.replace(/^CHECK /, '')))),
      ]),
    ),
    table(
      ['index', 'over', 'what for'],
      indexes
        .filter((index) => !isKey(index.name))
        .map((index) => [
          code(index.name),
          `${index.unique ? 'unique: ' : ''}${index.columns.join(', ')}${
            index.predicate === null ? '' : ` where ${code(shortenSql(unwrap(index.predicate)))}`
          }`,
          cell(index.comment),
        ]),
    ),
    [
      triggers.length > 0 ? `Triggers: ${triggers.map((trigger) => code(trigger.name)).join(', ')}.` : '',
      `Rights: ${grants.map(describeGrant).join('; ')}.`,
    ]
      .filter((line) => line !== '')
      .join(' '),
  ]).trimEnd()
}

function describeGrant(grant: string): string {
  const [role = '', privileges = ''] = grant.split(': ')
  return `${role.replace(/^schemaway_/, '')} ${privileges.toLowerCase()}`
}
