import type { Sql } from 'postgres'
import { ids } from './model-database.js'

/** What a test asks of `telephony.call_block_reason`. */
export interface Question {
  readonly at: string | null
  readonly zone?: string | null
  readonly country?: string | null
  readonly hasConsent?: boolean | null
  readonly organisation?: string
  readonly phone?: string
}

/** The number that the questions are about. */
export const phone = '+390612345'

/** Asks why a number may not be called; null when it may. Consent is given unless a test says otherwise. */
export async function askReason(sql: Sql, question: Question): Promise<unknown> {
  const { at, zone = 'UTC', country = null, hasConsent = true, organisation = ids.red } = question
  const [row] = await sql`
    SELECT telephony.call_block_reason(
      ${organisation}, ${question.phone ?? phone}, ${country}, ${zone}, ${hasConsent}, ${at}) AS reason`
  return row?.['reason']
}

/** Adds a rule that allows everything from 2026 on but for what is given, as SQL. */
export async function addRule(sql: Sql, name: string, columns: Readonly<Record<string, string>> = {}): Promise<void> {
  const values: Readonly<Record<string, string>> = {
    organisation_id: `'${ids.red}'`,
    name: `'${name}'`,
    allowed_weekdays: `'{1,2,3,4,5,6,7}'`,
    window_start_local: `'00:00'`,
    window_end_local: `'24:00'`,
    requires_consent: 'false',
    valid_from: `'2026-01-01'`,
    ...columns,
  }
  await sql.unsafe(
    `INSERT INTO telephony.compliance_rules (${Object.keys(values)}) VALUES (${Object.values(values).join(', ')})`,
  )
}

/** Records calls to the number at the given times. */
export async function addCalls(
  sql: Sql,
  times: readonly string[],
  columns: Readonly<Record<string, string>> = {},
): Promise<void> {
  const extra = Object.keys(columns)
    .map((name) => `, ${name}`)
    .join('')
  const values = Object.values(columns)
    .map((value) => `, ${value}`)
    .join('')
  for (const time of times) {
    await sql.unsafe(
      `INSERT INTO telephony.call_attempts (organisation_id, call_id, to_number, queued_at${extra})
       VALUES ('${ids.red}', gen_random_uuid()::text, '${phone}', '${time}'${values})`,
    )
  }
}
