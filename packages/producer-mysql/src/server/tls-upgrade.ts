import { isIP, type Socket } from 'node:net'
import { connect, type TLSSocket } from 'node:tls'
import { MysqlTlsRefusedError } from '../error/live-errors.ts'
import { checkProof, type Encryption } from './server-proof.ts'
import { systemAuthorities } from './system-authorities.ts'
import { readTlsFiles, type TlsSettings } from './tls-settings.ts'

export interface TlsPeer {
  /** For messages. */
  readonly server: string
  readonly host: string
  readonly tls: TlsSettings
  readonly encryption: Exclude<Encryption, 'none'>
}

/**
 * Encrypts a connection on which the server has been asked to, and lets the server prove itself. No session is taken up
 * again: each connection proves itself.
 *
 * @throws MysqlServerUnprovenError, MysqlTlsRefusedError, MysqlTlsFileError
 */
export async function upgradeToTls(socket: Socket, peer: TlsPeer): Promise<TLSSocket> {
  const { server, host, tls, encryption } = peer
  const files = readTlsFiles(tls)
  const isByAuthority = encryption.proof === 'authority' || encryption.proof === 'identity'
  const ca = files.ca ?? (isByAuthority ? systemAuthorities() : undefined)
  const secure = connect({
    socket,
    ...files,
    ...(ca === undefined ? {} : { ca }),
    ...(isIP(host) === 0 ? { servername: host } : {}),
    // Everything is looked at below, where it can be told what the server has shown.
    rejectUnauthorized: false,
    checkServerIdentity: () => undefined,
  })
  // What breaks it later is for the one that it is given to; nobody else dies of it.
  secure.on('error', () => undefined)
  try {
    await secured(secure)
  } catch (error) {
    throw isOfTheNetwork(error) ? error : new MysqlTlsRefusedError(server, error)
  }
  const certificate = secure.getPeerCertificate()
  const chainFault = secure.authorized ? undefined : String(secure.authorizationError)
  checkProof(tls, encryption, { server, host, certificate, chainFault })
  return secure
}

function secured(secure: TLSSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    const onClose = (): void => {
      reject(Object.assign(new Error('the connection was closed'), { code: 'ECONNRESET' }))
    }
    secure.once('error', reject).once('close', onClose)
    secure.once('secureConnect', () => {
      secure.off('error', reject).off('close', onClose)
      resolve()
    })
  })
}

/** A handshake that the network broke: trying again helps there. */
function isOfTheNetwork(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return code === 'ECONNRESET' || code === 'EPIPE' || code === 'ETIMEDOUT'
}
