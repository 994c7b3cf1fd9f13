import { createHash } from 'node:crypto'
import { type JuteReader } from './jute-reader.ts'
import { type JuteWriter } from './jute-writer.ts'

/** Who may do what with a node. It is not inherited. */
export interface Acl {
  /** Sum of `PERMISSIONS`. */
  readonly permissions: number
  /** `world`, `auth`, `digest`, `ip` or `x509`. */
  readonly scheme: string
  readonly id: string
}

export const PERMISSIONS = { read: 1, write: 2, create: 4, delete: 8, admin: 16, all: 31 } as const

/** Whoever makes the node, by all identities that the session has: the default. A session without one is refused (InvalidAcl). */
export const ACL_CREATOR: readonly Acl[] = [{ permissions: PERMISSIONS.all, scheme: 'auth', id: '' }]

/** Everybody who can reach the servers. */
export const ACL_ANYONE: readonly Acl[] = [{ permissions: PERMISSIONS.all, scheme: 'world', id: 'anyone' }]

/** The id by which an ACL of scheme `digest` names a user. It is no password, but whoever has it can try passwords against it. */
export function digestId(user: string, password: string): string {
  return `${user}:${createHash('sha1').update(`${user}:${password}`).digest('base64')}`
}

const ACL_BYTES_MIN = 12

export function readAcl(reader: JuteReader): Acl[] {
  return reader.vector('an ACL', ACL_BYTES_MIN, () => ({
    permissions: reader.int('permissions'),
    scheme: reader.text('a scheme'),
    id: reader.text('an id'),
  }))
}

export function writeAcl(writer: JuteWriter, acl: readonly Acl[]): void {
  writer.vector(acl, ({ permissions, scheme, id }) => writer.int(permissions).text(scheme).text(id))
}
