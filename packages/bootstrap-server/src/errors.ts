import { AesopError, type AesopErrorClass, messageOf } from '@aesop/kernel'

export class BootstrapListenError extends AesopError {
  static readonly kind = {
    code: 'AESOP_BOOTSTRAP_LISTEN',
    meaning: 'The bootstrap server could not listen where it was told to.',
    remedy:
      "Read the system's text. A port that is in use belongs to another process: stop it, or give this one another port (0: any free one).",
    canRetry: true,
  } as const
  constructor(host: string, port: number, cause: unknown) {
    super(BootstrapListenError.kind, `the bootstrap server can not listen on ${host}:${port}: ${messageOf(cause)}`, {
      cause,
      fields: { host, port },
    })
  }
}

export class BootstrapAddressMissingError extends AesopError {
  static readonly kind = {
    code: 'AESOP_BOOTSTRAP_ADDRESS_MISSING',
    meaning:
      'A bootstrap server was told to listen on every address of its machine, and not by which one its clients know it: two such servers would take each other for the same.',
    remedy: 'Give the server address: with the host and port by which its clients reach it.',
    canRetry: false,
  } as const
  constructor(host: string) {
    super(BootstrapAddressMissingError.kind, `the bootstrap server listens on ${host} and has no address`, {
      fields: { host },
    })
  }
}

export class ServerPropertyUnknownError extends AesopError {
  static readonly kind = {
    code: 'AESOP_BOOTSTRAP_SERVER_PROPERTY_UNKNOWN',
    meaning: 'A property of a bootstrap server has a name that none knows.',
    remedy: 'Correct the name; docs/bootstrap.md lists the known ones.',
    canRetry: false,
  } as const
  constructor(key: string, nearest: string | undefined) {
    const hint = nearest === undefined ? '' : `; did you mean "${nearest}"?`
    super(ServerPropertyUnknownError.kind, `the property "${key}" of the bootstrap server is not known${hint}`, {
      fields: { key, nearest },
    })
  }
}

export class ServerPropertyInvalidError extends AesopError {
  static readonly kind = {
    code: 'AESOP_BOOTSTRAP_SERVER_PROPERTY_INVALID',
    meaning: 'A property of a bootstrap server has a value that can not be used.',
    remedy: 'Correct the value that the message names.',
    canRetry: false,
  } as const
  constructor(key: string, value: unknown, expected: string) {
    super(
      ServerPropertyInvalidError.kind,
      `the property "${key}" of the bootstrap server is ${String(value)}, expected ${expected}`,
      { fields: { key } },
    )
  }
}

export class ServerPropertyRefusedError extends AesopError {
  static readonly kind = {
    code: 'AESOP_BOOTSTRAP_SERVER_PROPERTY_REFUSED',
    meaning:
      'A property of a bootstrap server asks for something that it does not do, and going on without it would mislead.',
    remedy: 'Remove the property; the message says what takes its place.',
    canRetry: false,
  } as const
  /** Its value is not shown: it may be a password. */
  constructor(key: string, reason: string) {
    super(
      ServerPropertyRefusedError.kind,
      `the property "${key}" of the bootstrap server can not be honoured: ${reason}`,
      { fields: { key } },
    )
  }
}

export class BootstrapTokenMissingError extends AesopError {
  static readonly kind = {
    code: 'AESOP_BOOTSTRAP_TOKEN_MISSING',
    meaning: 'A bootstrap server would listen beyond its own machine, and nobody said who may ask it.',
    remedy:
      'Set AESOP_RELAY_TOKEN in the environment, or token, peers or insecure: true in its bootstrapConfig; or let it listen on 127.0.0.1.',
    canRetry: false,
  } as const
  constructor(host: string) {
    super(BootstrapTokenMissingError.kind, `the bootstrap server would listen on ${host} without token or peers`, {
      fields: { host },
    })
  }
}

export class BootstrapTokenUnusableError extends AesopError {
  static readonly kind = {
    code: 'AESOP_BOOTSTRAP_TOKEN_UNUSABLE',
    meaning: 'The token that a bootstrap server was given can not be one.',
    remedy: 'Give it another one, of 16 or more letters, digits and signs of ASCII.',
    canRetry: false,
  } as const
  constructor(where: string, expected: string) {
    super(BootstrapTokenUnusableError.kind, `the token of the bootstrap server (${where}) must be ${expected}`, {
      fields: { where },
    })
  }
}

export const bootstrapServerErrors: readonly AesopErrorClass[] = [
  BootstrapListenError,
  BootstrapAddressMissingError,
  ServerPropertyUnknownError,
  ServerPropertyInvalidError,
  ServerPropertyRefusedError,
  BootstrapTokenMissingError,
  BootstrapTokenUnusableError,
]
