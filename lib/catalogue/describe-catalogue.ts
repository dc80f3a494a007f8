import { createHash } from 'node:crypto'
import type {
  Catalogue,
  Column,
  Constraint,
  Domain,
  Enum,
  Extension,
  Index,
  Policy,
  Routine,
  Schema,
  Sequence,
  Table,
  Trigger,
  View,
} from './read-catalogue.js'

/**
 * Writes a catalogue as text, one fact a line, each line with the name of the object it is about: a change of the
 * database is then a change of exactly the lines that tell of it. Objects are sorted by kind and name, columns stand in
 * their own order. Bodies of functions are shown as the beginning of their SHA-256.
 */
export function describeCatalogue(catalogue: Catalogue): readonly string[] {
  return [
    ...catalogue.grants.map((grant) => `database: grants ${grant}`),
    ...catalogue.extensions.map(describeExtension),
    ...catalogue.schemas.map(describeSchema),
    ...catalogue.enums.map(describeEnum),
    ...catalogue.domains.map(describeDomain),
    ...catalogue.tables.flatMap(describeTable),
    ...catalogue.views.flatMap(describeView),
    ...catalogue.sequences.map(describeSequence),
    ...catalogue.functions.map(describeRoutine),
  ]
}

function describeExtension({ name, schema, owner, comment }: Extension): string {
  return line(`extension ${name}`, [`in ${schema}`, ownedBy(owner)], comment)
}

function describeSchema({ name, owner, grants, comment }: Schema): string {
  return line(`schema ${name}`, [ownedBy(owner), granted(grants)], comment)
}

function describeEnum({ name, owner, grants, labels, comment }: Enum): string {
  return line(`enum ${name}`, [`(${labels.join(', ')})`, ownedBy(owner), granted(grants)], comment)
}

function describeDomain({ name, owner, grants, type, nullable, default: value, checks, comment }: Domain): string {
  const facts = [type, nullable ? '' : 'NOT NULL', value === null ? '' : `DEFAULT ${value}`, ...checks]
  return line(`domain ${name}`, [...facts, ownedBy(owner), granted(grants)], comment)
}

function describeTable(table: Table): readonly string[] {
  const { name, kind, owner, grants, options, rowSecurity, partitionKey, partitionOf, partitionBound, comment } = table
  const subject = `table ${name}`
  const facts = [
    kind,
    partitionKey === null ? '' : `by ${partitionKey}`,
    partitionOf === null ? '' : `partition of ${partitionOf} ${partitionBound ?? ''}`,
    options.length === 0 ? '' : `with ${options.join(', ')}`,
    `row security ${rowSecurity}`,
    ownedBy(owner),
    granted(grants),
  ]
  return [
    line(subject, facts, comment),
    ...table.columns.map((column) => describeColumn(subject, column)),
    ...table.constraints.map((constraint) => describeConstraint(subject, constraint)),
    ...table.indexes.map((index) => describeIndex(subject, index)),
    ...table.policies.map((policy) => describePolicy(subject, policy)),
    ...table.triggers.map((trigger) => describeTrigger(subject, trigger)),
  ]
}

function describeColumn(subject: string, column: Column): string {
  const { name, type, nullable, default: value, generated, grants, comment } = column
  const facts = [
    type,
    nullable ? '' : 'NOT NULL',
    value === null ? '' : `${generated === 'always' ? 'GENERATED AS' : 'DEFAULT'} ${value}`,
    generated === null || generated === 'always' ? '' : `generated as ${generated}`,
    granted(grants),
  ]
  return line(`${subject} column ${name}`, facts, comment)
}

function describeConstraint(subject: string, { name, definition, comment }: Constraint): string {
  return line(`${subject} constraint ${name}`, [definition], comment)
}

function describeIndex(subject: string, { name, definition, valid, comment }: Index): string {
  return line(`${subject} index ${name}`, [definition, valid ? '' : 'INVALID'], comment)
}

function describePolicy(subject: string, policy: Policy): string {
  const { name, permissive, command, roles, using, check, comment } = policy
  const facts = [
    permissive ? 'permissive' : 'restrictive',
    `for ${command} to ${roles.join(', ')}`,
    using === null ? '' : `USING (${using})`,
    check === null ? '' : `WITH CHECK (${check})`,
  ]
  return line(`${subject} policy ${name}`, facts, comment)
}

function describeTrigger(subject: string, { name, definition, enabled, comment }: Trigger): string {
  return line(`${subject} trigger ${name}`, [definition, enabled === 'O' ? '' : `enabled ${enabled}`], comment)
}

function describeView(view: View): readonly string[] {
  const { name, materialized, owner, grants, options, definition, comment } = view
  const subject = `view ${name}`
  const facts = [
    materialized ? 'materialized' : '',
    options.length === 0 ? '' : `with ${options.join(', ')}`,
    ownedBy(owner),
    granted(grants),
  ]
  return [
    line(subject, facts, comment),
    ...view.columns.map((column) => describeColumn(subject, column)),
    ...view.indexes.map((index) => describeIndex(subject, index)),
    ...view.triggers.map((trigger) => describeTrigger(subject, trigger)),
    ...definition.split('\n').map((text) => `${subject} query |${text}`.trimEnd()),
  ]
}

function describeSequence({ name, owner, grants, definition, comment }: Sequence): string {
  return line(`sequence ${name}`, [definition, ownedBy(owner), granted(grants)], comment)
}

function describeRoutine(routine: Routine): string {
  const { name, arguments: list, kind, returns, language, volatility, parallel, strict, securityDefiner } = routine
  const facts = [
    returns === null ? '' : `returns ${returns}`,
    `${language} ${volatility} parallel ${parallel}`,
    strict ? 'strict' : '',
    securityDefiner ? 'security definer' : '',
    ...routine.settings,
    routine.definition === null ? '' : `definition ${digest(routine.definition)}`,
    ownedBy(routine.owner),
    granted(routine.grants),
  ]
  return line(`${kind} ${name}(${list})`, facts, routine.comment)
}

function line(subject: string, facts: readonly string[], comment: string | null): string {
  const text = facts.filter((fact) => fact !== '').join(' ')
  return `${subject}: ${text}${comment === null ? '' : ` -- ${comment}`}`.replaceAll('\n', '\\n')
}

function ownedBy(owner: string): string {
  return `owner ${owner}`
}

function granted(grants: readonly string[]): string {
  return grants.length === 0 ? '' : `grants (${grants.join('; ')})`
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}
