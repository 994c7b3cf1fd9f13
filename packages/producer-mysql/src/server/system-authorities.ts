import { readFileSync } from 'node:fs'
import { rootCertificates } from 'node:tls'

/** Where systems keep the authorities that they trust: Debian, Red Hat, SUSE, Alpine and the BSDs. */
const BUNDLES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
]

/** The authorities of Node and of the system, whose bundle `SSL_CERT_FILE` names where it is another one, as for OpenSSL. */
export function systemAuthorities(): string[] {
  const named = process.env['SSL_CERT_FILE']
  for (const path of named === undefined ? BUNDLES : [named]) {
    const bundle = readBundle(path)
    if (bundle !== undefined) return [...rootCertificates, bundle]
  }
  return [...rootCertificates]
}

function readBundle(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    // No system has them all.
    return undefined
  }
}
