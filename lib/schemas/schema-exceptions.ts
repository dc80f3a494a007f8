/** Values on which the insert and update schemas and the database differ. */
export interface SchemaException {
  /** Stays the same when the text is improved. */
  readonly id: string
  /** Where they occur. */
  readonly applies: string
  /** What the schemas do; the database does the opposite, or what the text says. */
  readonly schemas: 'refuse' | 'accept'
  /** What differs, and why. */
  readonly text: string
}

/**
 * All that the schemas of the bundled model judge otherwise than the database does, for values of the types of `NewRow`
 * and `RowUpdate` that postgres.js sends by default. A test with a thousand rows for each table lets pass these only.
 */
export const schemaExceptions: readonly SchemaException[] = [
  {
    id: 'notation',
    applies: 'uuid, time, numeric, inet, date',
    schemas: 'refuse',
    text:
      'Notations other than the usual one, which the server reads as well: a uuid in braces or without hyphens, 9:00 ' +
      'PM or 12:00:60, numbers with white space, underscores, hexadecimal digits or exponents of four digits, addresses ' +
      'with leading zeros, 2026-1-5. A time has at most six digits behind the point.',
  },
  {
    id: 'missing-day',
    applies: 'date',
    schemas: 'refuse',
    text: 'Days that no month has, such as 2026-02-30: the driver would move them into the next month.',
  },
  {
    id: 'array-element',
    applies: 'text[]',
    schemas: 'refuse',
    text: 'Null inside an array, and arrays of arrays. The columns admit them; nothing in the model expects them.',
  },
  {
    id: 'json-change',
    applies: 'jsonb',
    schemas: 'refuse',
    text:
      'What JSON.stringify would change: NaN and the infinities, functions, instances of classes, Dates, undefined in ' +
      'a list. Members that are undefined are accepted and left out.',
  },
  {
    id: 'timezone-list',
    applies: 'timezone',
    schemas: 'accept',
    text: 'Zones that only one of this process and the server knows: their lists of IANA zones can differ in age.',
  },
  {
    id: 'email-white-space',
    applies: 'iam.email',
    schemas: 'accept',
    text: "White space beyond ASCII. Whether the server takes it for that depends on the database's locale.",
  },
  {
    id: 'address-case',
    applies: 'notify.opt_outs.address',
    schemas: 'accept',
    text: 'Upper-case letters beyond ASCII. What lower() makes of them depends on the locale of the database.',
  },
  {
    id: 'clock',
    applies: 'columns that are compared with a default of now() or CURRENT_DATE',
    schemas: 'accept',
    text:
      'A time close to now, when the column that it is compared with is left out: the schemas ask the clock of this ' +
      'process and know only the date in UTC.',
  },
  {
    id: 'organisation',
    applies: 'organisation_id',
    schemas: 'accept',
    text: 'Leaving it out. The database takes it from the context, and refuses the row when there is none.',
  },
  {
    id: 'index-size',
    applies: 'iam.audit_logs.actor_id; iam.users.oidc_issuer with oidc_sub',
    schemas: 'accept',
    text:
      'Texts of more than about 2,700 bytes, which no index of the server holds (54000). Other columns in indexes have ' +
      'limits below that.',
  },
  {
    id: 'partial-update',
    applies: 'update schemas',
    schemas: 'accept',
    text: 'Changes that break a constraint together with columns of the stored row that are not among the changes.',
  },
]
