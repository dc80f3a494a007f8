/** The server of a URL as `host:port/database`, without login and password. */
export function describeServer(url: string): string {
  const { hostname, port, pathname } = new URL(url)
  return `${hostname || 'localhost'}:${port || '5432'}${pathname === '/' ? '' : pathname}`
}
