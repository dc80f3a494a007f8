// Preloaded with --import: prints the URL of each module that Node loads as ESM.
import { register } from 'node:module'

const hook =
  "export async function load(url, context, next) { process._rawDebug('loaded ' + url); return await next(url, context) }"
register(`data:text/javascript,${encodeURIComponent(hook)}`)
