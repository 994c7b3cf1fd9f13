const PARTS = [
  'password',
  'passwd',
  'passphrase',
  'pwd',
  'secret',
  'token',
  'credential',
  'authorization',
  'apikey',
  'privatekey',
  'accesskey',
]
/** Too short to be looked for inside of words: `author`, `bypass`. */
const WORDS = ['pass', 'auth']

const LENGTH_MAX = 256

/** Whether a key names something that must not be shown: `db.password`, `accessKey`, `RELAY_AUTH`; of a path, whether any of its keys does. */
export function isSecretName(name: string): boolean {
  const words = name
    .slice(-LENGTH_MAX)
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
  const joined = words.join('')
  return PARTS.some((part) => joined.includes(part)) || WORDS.some((word) => words.includes(word))
}
