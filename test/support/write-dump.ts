import { closeSync, openSync, writeSync } from 'node:fs'

const tables = 4
const charactersPerWrite = 1 << 20

/** How the rows of a dump are written, as by `pg_dump` and by `pg_dump --inserts`. */
export type DumpStyle = 'copy' | 'inserts'

/**
 * Writes a file like those of pg_dump: settings, tables `t0` to `t3`, their rows, and their primary keys.
 *
 * @param size about how many bytes
 * @returns number of rows
 */
export function writeDump(path: string, size: number, style: DumpStyle): number {
  const handle = openSync(path, 'w')
  let pending = ''
  let written = 0
  const write = (text: string): void => {
    pending += text
    if (pending.length < charactersPerWrite) return
    written += writeSync(handle, pending)
    pending = ''
  }
  try {
    write(
      '--\n-- PostgreSQL database dump\n--\n\n\\restrict abc\n\nSET statement_timeout = 0;\n' +
        "SET client_encoding = 'UTF8';\nSET standard_conforming_strings = on;\n" +
        "SELECT pg_catalog.set_config('search_path', '', false);\nSET row_security = off;\n\n",
    )
    const names = Array.from({ length: tables }, (_, number) => `public.t${number}`)
    const columns = '(id, name, note, at, amount)'
    for (const name of names) {
      write(
        `CREATE TABLE ${name} (\n    id bigint NOT NULL,\n    name text,\n    note text,\n` +
          '    at timestamp with time zone,\n    amount numeric(12,2)\n);\n\n\n',
      )
    }
    let id = 0
    for (const [number, name] of names.entries()) {
      if (style === 'copy') write(`COPY ${name} ${columns} FROM stdin;\n`)
      while (written + pending.length < (size * (number + 1)) / tables) {
        id++
        const note = id % 7 === 0 ? null : 'a note that is about as long as notes are'
        const values = [id, `customer number ${id}`, note, '2024-01-01 12:00:00+00', `${id % 10_000}.25`]
        write(
          style === 'copy'
            ? `${values.map((value) => value ?? '\\N').join('\t')}\n`
            : `INSERT INTO ${name} ${columns} VALUES (${values.map((value) => (value === null ? 'NULL' : `'${value}'`)).join(', ')});\n`,
        )
      }
      write(style === 'copy' ? '\\.\n\n\n' : '\n\n')
    }
    for (const [number, name] of names.entries()) {
      write(
        `ALTER TABLE ONLY ${name}\n    ADD CONSTRAINT t${number}_pkey PRIMARY KEY (id);\n\n` +
          `CREATE INDEX t${number}_name ON ${name} USING btree (name);\n\n`,
      )
    }
    write('\\unrestrict abc\n')
    writeSync(handle, pending)
    return id
  } finally {
    closeSync(handle)
  }
}
