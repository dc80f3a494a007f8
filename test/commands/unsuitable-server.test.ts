import assert from 'node:assert/strict'
import test from 'node:test'
import { migrate, rollback } from '../../lib/index.js'
import { privateServer } from '../run/private-server.js'
import { expectError } from '../support/expect-error.js'
import { writeScripts } from '../support/write-scripts.js'

test('a standby is refused with the way to the primary, whatever was to be done to it', async (t) => {
  const standby = await privateServer(t, 'standby')
  if (standby === null) return
  const { directory: locations } = writeScripts(t, { 'V1__one.sql': 'CREATE TABLE one (id int);' })
  const { url } = standby.server
  for (const command of [migrate, rollback]) {
    const error = await expectError('SERVER_UNSUITABLE', command({ url, locations }))
    assert.match(error.message, /is a standby and cannot be written; connect to the primary.*Nothing was changed/)
  }
})
