// A service in CommonJS. Its only argument is the command to run.
const { migrate, rollback } = require('schemaway')

async function main() {
  const url = process.env.DATABASE_URL
  const report = process.argv[2] === 'rollback' ? await rollback({ url, to: 'empty' }) : await migrate({ url })
  const migrations = report.migrations.map(({ script }) => script)
  console.log(JSON.stringify({ migrations, resources: process.getActiveResourcesInfo() }))
}

main()
