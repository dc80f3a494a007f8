import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/**
 * Lets a Node.js without any loader migrate with `migrations` of a folder. The library is bundled, and lies where only its
 * run-time dependencies are found.
 */
export async function runNode(
  t: { after(work: () => void): void },
  directory: string,
  url: string,
): Promise<{ readonly code: number | null; readonly output: string }> {
  const library = mkdtempSync(join(tmpdir(), 'schemaway-library-'))
  t.after(() => rmSync(library, { recursive: true, force: true }))
  const root = fileURLToPath(new URL('../..', import.meta.url))
  const dependencies = ['postgres', 'umzug', 'zod']
  await build({
    entryPoints: [join(root, 'lib/index.ts')],
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    outdir: join(library, 'dist'),
    external: dependencies,
    outExtension: { '.js': '.mjs' },
  })
  symlinkSync(join(root, 'sql'), join(library, 'sql'))
  const modules = join(root, 'node_modules')
  mkdirSync(join(library, 'node_modules'))
  for (const name of dependencies) {
    symlinkSync(join(modules, name), join(library, 'node_modules', name))
  }
  const program = `
    const { migrate } = await import(${JSON.stringify(join(library, 'dist/index.mjs'))})
    try { await migrate({ url: ${JSON.stringify(url)}, locations: 'migrations' }); console.log('done') }
    catch (error) { console.log(JSON.stringify(error)); process.exitCode = 1 }`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    cwd: directory,
    env: { ...process.env, NODE_OPTIONS: '' },
  })
  let output = ''
  child.stdout.on('data', (data) => (output += data))
  child.stderr.on('data', (data) => (output += data))
  const [code] = await once(child, 'close')
  return { code: code as number | null, output }
}
