import { type SecretText } from '@aesop/kernel'
import {
  type GivenSettings,
  integerWithin,
  nameFromUri,
  type PhysicalSourceConfig,
  SourceConfigInvalidError,
} from '@aesop/producer'
import { isTokenText, type RelayAddress, TOKEN_FORM, tokenOfEnvironment } from '@aesop/wire'

/** What only sources that are read from relays have. */
export interface UpstreamSettings {
  /** Left out: `AESOP_RELAY_TOKEN`, if it is set. */
  readonly token: SecretText | undefined
  readonly silenceMs: number
}

const SILENCE_MS = 15_000
const SILENCE_MS_MAX = 3_600_000
const PLACE = /^(\[[0-9a-fA-F:.]+\]|[^\s:,/@?#[\]]+):(\d{1,5})$/
const FORM = 'relay://<host>:<port>, and more places after commas: no user, no path'

/** @throws SourceConfigInvalidError */
export function readUpstreamSettings({ name, uri = '', properties }: GivenSettings): {
  readonly uri: string
  readonly settings: UpstreamSettings
} {
  upstreamsOf(uri)
  const where = `physical source ${name ?? nameFromUri(uri)}`
  const token = properties['relayToken'] as SecretText | undefined
  if (token !== undefined && !isTokenText(token))
    throw new SourceConfigInvalidError(where, 'relayToken', '***', TOKEN_FORM)
  const silence = (properties['relaySilenceMs'] ?? SILENCE_MS) as number
  const silenceMs = integerWithin(where, 'relaySilenceMs', silence, 100, SILENCE_MS_MAX)
  return { uri, settings: { token, silenceMs } }
}

/** The settings of a source of this package; one that was given none has the defaults. */
export function upstreamSettingsOf({ settings }: Pick<PhysicalSourceConfig, 'settings'>): UpstreamSettings {
  return settings === undefined ? { token: undefined, silenceMs: SILENCE_MS } : (settings as UpstreamSettings)
}

/** The relays of a `relay:` URI, in the order in which they are asked. @throws SourceConfigInvalidError */
export function upstreamsOf(uri: string, token?: SecretText): readonly RelayAddress[] {
  const places = /^relay:\/\/(.+)$/i.exec(uri)?.[1]?.split(',') ?? []
  const relays = places.map((place) => {
    const [, host = '', port = ''] = PLACE.exec(place.trim()) ?? []
    return { host: host.replace(/^\[|\]$/g, ''), port: Number(port), token: token ?? tokenOfEnvironment() }
  })
  // The URI is not shown: who took one of a database for a pattern may have put a password into it.
  if (relays.length === 0 || relays.some(({ host, port }) => host === '' || port < 1 || port > 65_535))
    throw new SourceConfigInvalidError('physical source', 'uri', '***', FORM)
  return relays
}
