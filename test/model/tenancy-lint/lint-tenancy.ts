import type { Sql } from 'postgres'
import { citusRules } from './citus-rules.js'
import { indexRules } from './index-rules.js'
import { keyRules } from './key-rules.js'
import { securityRules } from './security-rules.js'
import { tableRules } from './table-rules.js'
import { catalogue, type TenancyFinding, type TenancyOptions, type TenancyRule } from './tenancy-rule.js'

export const tenancyRules: readonly TenancyRule[] = [
  ...tableRules,
  ...keyRules,
  ...indexRules,
  ...securityRules,
  ...citusRules,
]

/** Asks all rules in one statement, which changes nothing. Findings come by code, then by object. */
export async function lintTenancy(
  sql: Sql,
  options: TenancyOptions,
  rules: readonly TenancyRule[] = tenancyRules,
): Promise<readonly TenancyFinding[]> {
  const queries = rules.map(
    ({ code, severity, query }) =>
      `SELECT '${code}' AS code, '${severity}' AS severity, object, message FROM (${query}\n) AS q`,
  )
  const text = `${catalogue}\n${queries.join('\nUNION ALL\n')}\nORDER BY code, object, message`
  return await sql.begin('read only', async (transaction) => {
    await transaction`SET LOCAL search_path = pg_catalog`
    return await transaction.unsafe<TenancyFinding[]>(text, [JSON.stringify(options)])
  })
}
