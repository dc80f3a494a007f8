/** One statement of a script. The server answers each `sql` statement with exactly one CommandComplete. */
export interface Statement {
  /**
   * `copy-from-stdin` is a COPY whose rows follow in the script; `psql-command` is a backslash command, which reaches to
   * the end of its line and which no server understands.
   */
  readonly kind: 'sql' | 'copy-from-stdin' | 'psql-command'
  /** UTF-16 offset of the first token. Comments before it do not belong to the statement. */
  readonly start: number
  /** UTF-16 offset behind the last token, without the semicolon and what stands before it. */
  readonly end: number
  /** UTF-16 offset of the semicolon; `null` when the text or a psql command ends the statement. */
  readonly semicolon: number | null
  /** 1-based line of `start`. */
  readonly line: number
  /** 1-based column of `start`, in code points. */
  readonly column: number
  /** The first up to ten bare words outside parentheses, upper-case: no quoted, dotted or digit-bearing names. */
  readonly keywords: readonly string[]
  /** The bare words of the first pair of parentheses, upper-case, up to ten: `REINDEX (CONCURRENTLY) TABLE t`. */
  readonly options: readonly string[]
  /** Number of tokens outside parentheses; more than `keywords` when names or punctuation are among them. */
  readonly tokenCount: number
  /** Of a `copy-from-stdin`: offset of the first row, behind the line break that ends its line. */
  readonly dataStart?: number
  /** Of a `copy-from-stdin`: offset of the line `\.` that ends the rows. */
  readonly dataEnd?: number
}

/** A text together with the statements found in it. */
export interface ScannedText {
  readonly text: string
  readonly statements: readonly Statement[]
}
