import { execFileSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'

/** Paths of a certificate and its key, and what a person compares of it. */
export interface MadeCertificate {
  readonly certificate: string
  readonly key: string
  readonly sha256: string
}

/** An authority that signs certificates of servers, made with openssl below a folder. */
export class CertificateAuthority {
  readonly certificate: string
  private readonly key: string
  private readonly folder: string
  private made = 0

  constructor(folder: string) {
    this.folder = folder
    mkdirSync(folder, { recursive: true })
    this.certificate = join(folder, 'ca.pem')
    this.key = join(folder, 'ca-key.pem')
    openssl(
      'req',
      '-x509',
      ...NEW_KEY,
      '-days',
      '2',
      '-subj',
      '/CN=an authority',
      '-keyout',
      this.key,
      '-out',
      this.certificate,
    )
  }

  /** @param names as `DNS:db,IP:10.0.0.1` @param dates from and to, as `20200101000000Z`; left out: now, and for two days */
  sign(names: string, dates?: readonly [string, string]): MadeCertificate {
    const [request, certificate, key, extension] = this.paths('csr', 'pem', 'key', 'ext')
    openssl('req', ...NEW_KEY, '-subj', '/CN=a server', '-keyout', key, '-out', request)
    writeFileSync(extension, `[server]\nsubjectAltName=${names}\n`)
    const [from, to] = dates ?? []
    const validity = from === undefined || to === undefined ? ['-days', '2'] : ['-startdate', from, '-enddate', to]
    const [data] = this.paths('index')
    writeFileSync(data, '')
    writeFileSync(`${data}.serial`, `${1000 + this.made}\n`)
    writeFileSync(`${data}.cnf`, configurationOf(data, this.folder))
    const ca = ['-cert', this.certificate, '-keyfile', this.key, '-config', `${data}.cnf`, '-extfile', extension]
    openssl('ca', '-batch', '-notext', ...ca, '-extensions', 'server', ...validity, '-in', request, '-out', certificate)
    return made(certificate, key)
  }

  /** One that nobody has signed but itself. */
  selfSigned(names: string): MadeCertificate {
    const [certificate, key] = this.paths('pem', 'key')
    const subject = ['-days', '2', '-subj', '/CN=a server', '-addext', `subjectAltName=${names}`]
    openssl('req', '-x509', ...NEW_KEY, ...subject, '-keyout', key, '-out', certificate)
    return made(certificate, key)
  }

  private paths(...endings: readonly string[]): [string, string, string, string] {
    const number = this.made++
    return endings.map((ending) => join(this.folder, `${number}.${ending}`)) as [string, string, string, string]
  }
}

/** An address of this machine that is not loopback. */
export function addressOffLoopback(): string {
  for (const each of Object.values(networkInterfaces()).flat()) {
    if (each !== undefined && !each.internal && each.family === 'IPv4') return each.address
  }
  throw new Error('this machine has no address off loopback, which a server must be reached at here')
}

const NEW_KEY = ['-newkey', 'rsa:2048', '-nodes']

function made(certificate: string, key: string): MadeCertificate {
  return { certificate, key, sha256: new X509Certificate(readFileSync(certificate)).fingerprint256 }
}

function configurationOf(data: string, folder: string): string {
  const settings = [
    'new_certs_dir',
    folder,
    'database',
    data,
    'serial',
    `${data}.serial`,
    'default_md',
    'sha256',
    'policy',
    'any_name',
  ]
  const lines = settings.flatMap((name, i) => (i % 2 === 0 ? [`${name}=${settings[i + 1] ?? ''}`] : []))
  return ['[ca]', 'default_ca=made', '[made]', ...lines, '[any_name]', 'commonName=supplied', ''].join('\n')
}

function openssl(...parameters: readonly string[]): void {
  execFileSync('openssl', parameters, { stdio: 'pipe' })
}
