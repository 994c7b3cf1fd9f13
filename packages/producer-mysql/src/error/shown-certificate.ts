import { type PeerCertificate } from 'node:tls'

/** What people compare of a certificate. */
export interface ShownCertificate {
  /** Its subject's name and its alternative names, as `DNS:db` and `IP Address:10.0.0.1`. */
  readonly names: readonly string[]
  /** SHA-256 of the whole certificate, pairs of hexadecimal digits with colons between. */
  readonly sha256: string
}

const NAMES_SHOWN = 8
const NAME_CHARS_MAX = 100

/** The texts are the server's, whoever it is: they are cut, and nothing in them steers a terminal. */
export function shownCertificate({
  subject,
  subjectaltname,
  fingerprint256,
}: Partial<PeerCertificate>): ShownCertificate {
  // A name that stands twice comes as a list.
  const common = [subject?.CN].flat().flatMap((name) => (name === undefined ? [] : [`CN=${name}`]))
  const names = [...common, ...(subjectaltname ?? '').split(', ').filter((name) => name !== '')]
  return { names: names.slice(0, NAMES_SHOWN).map(plain), sha256: fingerprint256 ?? 'unknown' }
}

function plain(text: string): string {
  return text.replace(/[^\x20-\x7e\xa1-\uffff]/g, '?').slice(0, NAME_CHARS_MAX)
}
