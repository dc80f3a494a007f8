const methods: Readonly<Record<number, string>> = { 2: 'Kerberos', 7: 'GSSAPI', 8: 'GSSAPI', 9: 'SSPI' }

/**
 * Judges the server's Authentication message before the driver sees it, which would wait for ever for the rest of a
 * method it does not know, and throw outside every promise at a malformed one.
 *
 * @returns why the login cannot go on, or null.
 */
export function refuseAuthentication(kind: number, body: Buffer): string | null {
  switch (kind) {
    case 0: // success
    case 3: // password in clear text
    case 5: // md5
    case 12: // the server's proof that it knows the password, too
      return null
    case 10: {
      const mechanisms = body.toString('latin1').split('\0').filter(Boolean)
      return mechanisms.includes('SCRAM-SHA-256')
        ? null
        : `the server only accepts ${mechanisms.join(', ')}, not a password`
    }
    case 11:
      return /^r=[^,]+,s=[A-Za-z0-9+/=]+,i=[1-9]\d{0,7}(?:,|$)/.test(body.toString('latin1'))
        ? null
        : 'the server broke the rules of SCRAM'
    default:
      return `the server asks for ${methods[kind] ?? `method ${kind}`} authentication, not for a password`
  }
}
