/** Encodings of scripts. */
export type Encoding = 'utf-8' | OtherEncoding

/** Those that are translated when a script is read. */
export type OtherEncoding = 'iso-8859-1' | 'windows-1252' | 'utf-16le' | 'utf-16be'

/** Each encoding with the other names that Java, and so Flyway, has for it; those of UTF-16 alone mean other encodings. */
const names = {
  'utf-8': ['utf8', 'unicode-1-1-utf-8'],
  'iso-8859-1': [
    'iso8859_1',
    'latin1',
    'l1',
    'iso_8859-1',
    'iso8859-1',
    'iso_8859_1',
    'iso_8859-1:1987',
    'iso-ir-100',
    '8859_1',
    'ibm819',
    'ibm-819',
    'cp819',
    '819',
    'csisolatin1',
  ],
  'windows-1252': ['cp1252', 'cp5348', 'ibm-1252', 'ibm1252'],
  'utf-16le': ['utf_16le', 'x-utf-16le', 'unicodelittleunmarked'],
  'utf-16be': ['utf_16be', 'x-utf-16be', 'iso-10646-ucs-2', 'unicodebigunmarked'],
} as const satisfies Record<Encoding, readonly string[]>

export const encodings = Object.keys(names) as readonly Encoding[]

/** The encoding of a name as Java writes it, in any case; null when it is none of ours. */
export function encodingOf(name: string): Encoding | null {
  const key = name.toLowerCase()
  return encodings.find((one) => one === key || names[one].some((other) => other === key)) ?? null
}
