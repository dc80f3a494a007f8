import fc from 'fast-check'

/** Ends a string, an identifier, a comment or a dollar quote, and then does what must never be done. */
export const attacks: readonly string[] = [
  "'; DROP TABLE safe.canary; --",
  '"; DROP TABLE safe.canary; --',
  "\\'; DROP TABLE safe.canary; --",
  '$schemaway$; DROP TABLE safe.canary; --',
  '$schemaway_1$$schemaway$; DROP TABLE safe.canary; --',
  '$$; DROP TABLE safe.canary; --',
  '*/ DROP TABLE safe.canary; /*',
  '\n; DROP TABLE safe.canary; --',
  '%I%s%L%%',
  'select',
  'pg_catalog',
  'a.b',
  'É 🚀 \u202e\u0301',
  ' ',
  '\\',
  '"',
  "'",
  '{"a",NULL}',
  '1',
  'x'.repeat(53),
  'ü'.repeat(26),
]

const piece = fc.constantFrom(
  ...attacks.filter((text) => text.length < 50),
  ...[
    "''",
    '""',
    ';',
    '$',
    '$schemaway$',
    '$$',
    'E',
    "E'",
    '--',
    '/*',
    '\n',
    '\r',
    '\t',
    'é',
    '🚀',
    ',',
    '(',
    ')',
    'a',
    'Z',
    '_',
  ],
  '${flyway:table}',
)

/** Texts that break out of careless quoting, of at most so many bytes, and without what is left out. */
export function hostileText(longest: number, without: RegExp = /[\0]/): fc.Arbitrary<string> {
  return fc
    .array(fc.oneof(piece, fc.string({ unit: 'binary', minLength: 1, maxLength: 4 })), { minLength: 1, maxLength: 6 })
    .map((pieces) => cut(pieces.join('').replaceAll(/\p{Surrogate}|\0/gu, ''), longest))
    .filter((text) => text !== '' && !without.test(text))
}

function cut(text: string, longest: number): string {
  let kept = ''
  for (const character of text) {
    if (Buffer.byteLength(kept + character) > longest) break
    kept += character
  }
  return kept
}
