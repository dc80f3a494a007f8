import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { parseScript } from '../../lib/scripts/parse-script.js'
import { errorOf, scriptFileOf } from './script-file-of.js'

suite('SET client_encoding', () => {
  for (const statement of [
    "SET client_encoding = 'UTF8'",
    'set client_encoding to utf8',
    "SET SESSION client_encoding = 'utf-8'",
    'SET NAMES UTF8',
    "SET NAMES 'unicode'",
    'SET NAMES',
    'SET client_encoding TO DEFAULT',
    'RESET client_encoding',
    "SET names.x = 'LATIN1'",
    "INSERT INTO a VALUES ('SET client_encoding = LATIN1')",
  ]) {
    test(`may stay: ${statement}`, () => {
      assert.equal(parseScript(scriptFileOf(statement), new Map()).statements.length, 1)
    })
  }

  for (const statement of [
    "SET client_encoding = 'LATIN1'",
    'SET LOCAL client_encoding TO WIN1252',
    "set session client_encoding='SQL_ASCII'",
    `SET "client_encoding" = 'LATIN1'`,
    "SET NAMES 'LATIN1'",
    'SET NAMES latin1',
  ]) {
    test(`is refused with its line: ${statement}`, () => {
      const error = errorOf(() => parseScript(scriptFileOf(`SELECT 1;\n${statement};`), new Map()))
      assert.deepEqual([error.code, error.details.line, error.details.column], ['INVALID_SCRIPT', 2, 1])
      assert.match(error.message, /everything is sent to it as UTF-8\. Remove this statement/)
    })
  }
})
