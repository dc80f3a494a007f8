// A service in plain ESM. Its only argument is the command to run.
import { migrate, rollback } from 'schemaway'

const url = process.env.DATABASE_URL
const report = process.argv[2] === 'rollback' ? await rollback({ url, to: 'empty' }) : await migrate({ url })
const migrations = report.migrations.map(({ script }) => script)
console.log(JSON.stringify({ migrations, resources: process.getActiveResourcesInfo() }))
