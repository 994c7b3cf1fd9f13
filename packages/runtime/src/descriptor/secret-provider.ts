import { readFileSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { systemCodeOf } from '@aesop/kernel'

/** Texts that stand in no file of the launch, by name: what `${<provider>:<name>}` in a descriptor asks for. */
export interface SecretProvider {
  /**
   * The text as it is now: it is asked for at the start, and again each time that a secret is used.
   * @throws an error whose message says why there is none, without the text
   */
  read(name: string): string
  /** What to do when there is none. */
  readonly remedy?: string
}

export type SecretProviders = Readonly<Record<string, SecretProvider>>

type Environment = Readonly<Record<string, string | undefined>>

const FILE_MAX_BYTES = 64 * 1024

/** `${file:…}`, `${env:…}` and `${cred:…}`. @param folder what relative paths count from */
export function standardProviders(env: Environment, folder: string): SecretProviders {
  return {
    file: {
      read: (path) => readSecretFile(resolve(folder, path)),
      remedy: `name a file that this user can read; a relative path counts from ${folder}`,
    },
    env: { read: (name) => readVariable(env, name), remedy: 'set the variable in the environment of this process' },
    cred: {
      read: (name) => readCredential(env, name),
      remedy: 'give the credential to the systemd unit: LoadCredential=<name>:<path>',
    },
  }
}

function readVariable(env: Environment, name: string): string {
  const value = env[name]
  if (value === undefined) throw new Error(`the environment has no ${name}`)
  return value
}

function readCredential(env: Environment, name: string): string {
  const folder = env['CREDENTIALS_DIRECTORY'] ?? ''
  if (folder === '') throw new Error('$CREDENTIALS_DIRECTORY is not set')
  if (!/^[\w.@-]+$/.test(name) || /^\.\.?$/.test(name)) throw new Error(`"${name}" is no name of a credential`)
  return readSecretFile(join(folder, name))
}

/** The text of a file without the line break that editors put at its end. */
function readSecretFile(path: string): string {
  try {
    const stats = statSync(path)
    if (!stats.isFile()) throw new Error(`${path} is no file`)
    if (stats.size > FILE_MAX_BYTES) throw new Error(`${path} has ${stats.size} bytes, more than ${FILE_MAX_BYTES}`)
    const bytes = readFileSync(path)
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes).replace(/\r?\n$/, '')
  } catch (error) {
    const code = systemCodeOf(error)
    if (code === 'ENOENT') throw new Error(`${path} does not exist`, { cause: error })
    if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') throw new Error(`${path} is not UTF-8`, { cause: error })
    if (code !== undefined) throw new Error(`${path} can't be read (${code})`, { cause: error })
    throw error
  }
}
