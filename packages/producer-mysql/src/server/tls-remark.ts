import { type TlsSettings } from './tls-settings.ts'

/** What somebody has given up by a setting, for the log of each start and for health; undefined: nothing. It is no fault. */
export function tlsRemark(server: string, { mode, serverPublicKeyPath }: TlsSettings): string | undefined {
  if (serverPublicKeyPath !== undefined)
    return `the connection to ${server} is not encrypted (sslServerPublicKey): only its password is, whoever is between can read and change rows`
  if (mode === 'off')
    return `the connection to ${server} is not encrypted (ssl: off): whoever answers gets the password, whoever is between can read and change rows`
  if (mode === 'unverified')
    return `the server ${server} does not prove who it is (ssl: unverified): whoever answers gets the password, and can give any rows`
  return undefined
}
