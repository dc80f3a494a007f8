import type { Specification, SpecifiedAddition } from '../specification.js'
import { iamSpecification } from './iam.js'
import { linkSpecifications } from './links.js'
import { notifySpecification } from './notify.js'
import { surveySpecification } from './survey.js'
import { telephonySpecification } from './telephony.js'

const schemas: readonly Specification[] = [
  iamSpecification,
  surveySpecification,
  telephonySpecification,
  notifySpecification,
]

/**
 * The schemas as they are when certain modules are installed, with all that the links among them add.
 *
 * @param installed names of modules, those of links too
 */
export function specificationsOf(installed: ReadonlySet<string>): readonly Specification[] {
  return schemas
    .filter(({ schema }) => installed.has(schema))
    .map((specification) =>
      Object.entries(linkSpecifications)
        .filter(([link]) => installed.has(link))
        .flatMap(([, additions]) => Object.entries<SpecifiedAddition>(additions))
        .filter(([schema]) => schema === specification.schema)
        .reduce((whole, [, addition]) => extend(whole, addition), specification),
    )
}

function extend(specification: Specification, { constraints, views, functions }: SpecifiedAddition): Specification {
  return {
    ...specification,
    tables: Object.fromEntries(
      Object.entries(specification.tables).map(([name, table]) => [
        name,
        { ...table, constraints: { ...table.constraints, ...constraints[name] } },
      ]),
    ),
    views: { ...specification.views, ...views },
    functions: { ...specification.functions, ...functions },
  }
}
