import { checkServerIdentity, type PeerCertificate } from 'node:tls'
import { MysqlServerUnprovenError } from '../error/trust-errors.ts'
import { MysqlTlsRefusedError } from '../error/live-errors.ts'
import { shownCertificate } from '../error/shown-certificate.ts'
import { type TlsSettings } from './tls-settings.ts'

/*
 * Pure: settings, and what a server shows, in; how it is spoken to, or a named error, out.
 */

export type Encryption = 'none' | { readonly proof: 'none' | 'authority' | 'identity' | 'fingerprint' }

export interface ServerOffer {
  /** For messages. */
  readonly server: string
  /** The connection does not leave this host. */
  readonly isLoopback: boolean
  readonly offersTls: boolean
}

/** How a server is spoken to that has only greeted. @throws MysqlServerUnprovenError, MysqlTlsRefusedError */
export function encryptionFor(tls: TlsSettings, { server, isLoopback, offersTls }: ServerOffer): Encryption {
  const { mode, caPath, certPath, fingerprints, serverPublicKeyPath } = tls
  if (mode === 'off' || serverPublicKeyPath !== undefined) return 'none'
  const isWanted = mode !== 'auto' || (caPath ?? certPath ?? fingerprints) !== undefined
  if (!offersTls) {
    if (isWanted) throw new MysqlTlsRefusedError(server, 'it offers no TLS')
    if (!isLoopback) throw new MysqlServerUnprovenError(server, 'it offers no TLS')
    return 'none'
  }
  if (fingerprints !== undefined) return { proof: 'fingerprint' }
  if (mode === 'unverified') return { proof: 'none' }
  if (mode === 'verify-ca') return { proof: 'authority' }
  return { proof: mode === 'verify-identity' || caPath !== undefined || !isLoopback ? 'identity' : 'none' }
}

export interface ShownProof {
  readonly server: string
  /** As it was asked for: a name or an address. */
  readonly host: string
  readonly certificate: PeerCertificate
  /** What is wrong with the chain of authorities, as OpenSSL says it; undefined: nothing. */
  readonly chainFault: string | undefined
}

/** @throws MysqlServerUnprovenError */
export function checkProof(tls: TlsSettings, encryption: Exclude<Encryption, 'none'>, shown: ShownProof): void {
  const { server, certificate } = shown
  const fault = proofFault(tls, encryption, shown)
  if (fault !== undefined) throw new MysqlServerUnprovenError(server, fault, shownCertificate(certificate))
}

function proofFault(
  { fingerprints = [] }: TlsSettings,
  { proof }: Exclude<Encryption, 'none'>,
  { host, certificate, chainFault }: ShownProof,
): string | undefined {
  if (proof === 'none') return undefined
  if (proof === 'fingerprint') {
    const digits = certificate.fingerprint256.replaceAll(':', '').toLowerCase()
    return fingerprints.includes(digits) ? undefined : 'its certificate is not the one that sslFingerprint names'
  }
  if (chainFault !== undefined) return `its certificate is not trusted: ${chainFault}`
  if (proof === 'authority') return undefined
  return checkServerIdentity(host, certificate) === undefined ? undefined : `its certificate is not for ${host}`
}

/** 127.0.0.0/8 and ::1, also as IPv4 in IPv6: what is sent there does not leave this host. */
export function isLoopbackAddress(address: string | undefined): boolean {
  return address !== undefined && /^(?:::ffff:)?127\.|^::1$/i.test(address)
}
