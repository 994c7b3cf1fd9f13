import { AesopError, type AesopErrorClass } from '@aesop/kernel'
import { type ShownCertificate } from './shown-certificate.ts'

/*
 * Why a server gets no password: it has not proven who it is, or it asks for what is not given.
 */

export class MysqlServerUnprovenError extends AesopError {
  static readonly kind = {
    code: 'AESOP_MYSQL_SERVER_UNPROVEN',
    meaning:
      'A server that is not on this host has not proven who it is: it offers no TLS, or its certificate is of no known authority, for other names, expired, or another one than sslFingerprint says. No password was sent.',
    remedy:
      'Compare with the server itself: openssl x509 -in <ssl_cert> -noout -fingerprint -sha256. Give the source sslCa (the PEM file of its authority), or sslFingerprint. Without a proof connect ssl: unverified (encrypted, whoever answers) and ssl: off (whoever listens can read rows); both give the password to whoever answers, warn at each start and show in health.',
    canRetry: false,
  } as const
  constructor(server: string, fault: string, certificate?: ShownCertificate) {
    const { names = [], sha256 } = certificate ?? {}
    const shown =
      sha256 === undefined
        ? ''
        : ` (its certificate is for ${names.length === 0 ? 'no name' : names.join(', ')}, SHA-256 ${sha256})`
    super(
      MysqlServerUnprovenError.kind,
      `the server ${server} has not proven who it is, and got no password: ${fault}${shown}`,
      {
        fields: { server, names, ...(sha256 === undefined ? {} : { sha256 }) },
        remedy: sha256 === undefined ? WITHOUT_CERTIFICATE : withCertificate(sha256),
      },
    )
  }
}

const LAST_RESORTS =
  'ssl: unverified (encrypted, whoever answers) or ssl: off (not encrypted); these two give the password to whoever answers, warn at each start and show in health'
const WITHOUT_CERTIFICATE =
  'Give the server a certificate (ssl_cert, ssl_key) and the source sslCa or sslFingerprint; or to a MySQL server sslServerPublicKey: <PEM file of its public_key.pem>. Without a proof it is read with ssl: off (not encrypted), which gives the password to whoever answers, warns at each start and shows in health; ssl: unverified needs a server that offers TLS.'

function withCertificate(sha256: string): string {
  return `If SELECT @@ssl_cert; on the server names a file of which openssl x509 -noout -fingerprint -sha256 -in <file> prints the same, give the source sslFingerprint: ${sha256}; or sslCa: <PEM file of the authority that signed it for this host>. Without a proof it is read with ${LAST_RESORTS}.`
}

export class MysqlPacketTooLargeError extends AesopError {
  static readonly kind = {
    code: 'AESOP_MYSQL_PACKET_TOO_LARGE',
    meaning:
      'A server announces a packet that is larger than any that belongs there: 64 KiB before the log-in, 16 MiB for an answer, 1 GiB for an event of the log.',
    remedy: 'Check that host and port lead to the database server, and to nothing else that answers there.',
    canRetry: false,
  } as const
  constructor(server: string, what: string, bytes: number, bytesMax: number) {
    super(
      MysqlPacketTooLargeError.kind,
      `the server ${server} announces ${what} of ${bytes} bytes or more, expected ${bytesMax} at most`,
      { fields: { server, bytes, bytesMax } },
    )
  }
}

export class MysqlGreetingInvalidError extends AesopError {
  static readonly kind = {
    code: 'AESOP_MYSQL_GREETING_INVALID',
    meaning: 'What answers does not begin as a MySQL or MariaDB server does. No password was sent.',
    remedy: 'Check that host and port lead to the database server, and to nothing else that answers there.',
    canRetry: false,
  } as const
  constructor(server: string, fault: string) {
    super(MysqlGreetingInvalidError.kind, `the server ${server} does not greet as MySQL does: ${fault}`, {
      fields: { server },
    })
  }
}

export const trustErrors: readonly AesopErrorClass[] = [
  MysqlServerUnprovenError,
  MysqlPacketTooLargeError,
  MysqlGreetingInvalidError,
]
