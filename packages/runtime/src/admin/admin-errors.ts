import { AesopError, type HttpRefusal } from '@aesop/kernel'

export class AdminAddressInvalidError extends AesopError {
  static readonly kind = {
    code: 'AESOP_ADMIN_ADDRESS_INVALID',
    meaning: 'The address of the admin server could not be understood.',
    remedy: 'Give a port, host:port, [IPv6]:port, or off.',
    canRetry: false,
  } as const
  constructor(text: string) {
    super(
      AdminAddressInvalidError.kind,
      `"${text}" is not an address for the admin server: expected [host:]port or off`,
    )
  }
}

export class AdminListenFailedError extends AesopError {
  static readonly kind = {
    code: 'AESOP_ADMIN_LISTEN_FAILED',
    meaning: 'The admin server could not listen on the address that it was given.',
    remedy: 'Free the port, give another address with --admin, or switch the admin server off with --admin off.',
    canRetry: false,
  } as const
  constructor(address: string, cause: NodeJS.ErrnoException) {
    const reason = cause.code === 'EADDRINUSE' ? 'the port is taken' : cause.message
    super(AdminListenFailedError.kind, `the admin server cannot listen on ${address}: ${reason}`, { cause })
  }
}

export class AdminTokenMissingError extends AesopError {
  static readonly kind = {
    code: 'AESOP_ADMIN_TOKEN_MISSING',
    meaning: 'The admin server was told to listen where other machines reach it, but nobody said who may ask it.',
    remedy:
      'Set AESOP_ADMIN_TOKEN in the environment, or token, peers or insecure: true in admin of the bootstrap descriptor; or let the admin server listen on 127.0.0.1.',
    canRetry: false,
  } as const
  constructor(host: string) {
    super(AdminTokenMissingError.kind, `the admin server may not listen on ${host} without AESOP_ADMIN_TOKEN`)
  }
}

export class AdminTokenUnusableError extends AesopError {
  static readonly kind = {
    code: 'AESOP_ADMIN_TOKEN_UNUSABLE',
    meaning: 'The token of the admin server is too short to keep anybody out, or no header can hold it.',
    remedy: 'Make one with "openssl rand -hex 32".',
    canRetry: false,
  } as const
  constructor(from: string, expected: string) {
    super(AdminTokenUnusableError.kind, `the token of the admin server (${from}) must be ${expected}`, {
      fields: { from },
    })
  }
}

export class AdminAccessInvalidError extends AesopError {
  static readonly kind = {
    code: 'AESOP_ADMIN_ACCESS_INVALID',
    meaning: 'What the bootstrap descriptor says of who may ask the admin server can not be used.',
    remedy: 'Correct the value that the message names.',
    canRetry: false,
  } as const
  constructor(key: string, value: string, expected: string) {
    super(AdminAccessInvalidError.kind, `${key} is ${JSON.stringify(value)}, expected ${expected}`, { fields: { key } })
  }
}

export class AdminRequestRefusedError extends AesopError {
  static readonly kind = {
    code: 'AESOP_ADMIN_REQUEST_REFUSED',
    meaning:
      'The admin server refused a request: its token is missing or wrong, it asked under a name that the server does not have, it came from a page of another site, or it is an action whose body is not said to be JSON.',
    remedy:
      'Send the value of AESOP_ADMIN_TOKEN as "Authorization: Bearer …", ask by the address of the machine or let hosts in admin of the bootstrap descriptor name it, and send actions with "Content-Type: application/json".',
    canRetry: false,
  } as const
  /** The status of the response. */
  readonly status: HttpRefusal['status']
  constructor(status: HttpRefusal['status'], reason: string) {
    super(AdminRequestRefusedError.kind, reason)
    this.status = status
  }
}

export class AdminRequestInvalidError extends AesopError {
  static readonly kind = {
    code: 'AESOP_ADMIN_REQUEST_INVALID',
    meaning: 'The admin server got a request that it could not understand.',
    remedy: 'Compare with docs/operating.md; a body is JSON.',
    canRetry: false,
  } as const
  constructor(reason: string, cause?: unknown) {
    super(AdminRequestInvalidError.kind, reason, { cause })
  }
}
