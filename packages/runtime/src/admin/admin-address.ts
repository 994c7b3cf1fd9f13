import { AdminAddressInvalidError } from './admin-errors.ts'

/** Where the admin server listens. */
export interface AdminAddress {
  readonly host: string
  /** 0 = any free port. */
  readonly port: number
}

/** The port of the admin server when nothing else is said; when it is taken, any free one is used. */
export const ADMIN_PORT_DEFAULT = 9090

const LOOPBACK = '127.0.0.1'

/** Understands `9090`, `0.0.0.0:9090`, `[::1]:9090` and `off`. @throws AdminAddressInvalidError */
export function parseAdminAddress(text: string): AdminAddress | 'off' {
  if (text === 'off') return 'off'
  const match = /^(?:(?<host>[\w.-]+|\[[\da-fA-F:.%\w]+\]):)?(?<port>\d{1,5})$/.exec(text)
  const port = Number(match?.groups?.['port'])
  if (match === null || port > 65_535) throw new AdminAddressInvalidError(text)
  return { host: match.groups?.['host']?.replace(/^\[|\]$/g, '') ?? LOOPBACK, port }
}

/** `host:port` as it stands in a URL. */
export function hostAndPort({ host, port }: AdminAddress): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}
