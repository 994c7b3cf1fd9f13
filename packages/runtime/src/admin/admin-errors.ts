import { AesopError } from '@aesop/kernel'

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
    meaning: 'The admin server was told to listen where other machines reach it, but no token guards its actions.',
    remedy: 'Set AESOP_ADMIN_TOKEN in the environment, or let the admin server listen on 127.0.0.1.',
    canRetry: false,
  } as const
  constructor(host: string) {
    super(AdminTokenMissingError.kind, `the admin server may not listen on ${host} without AESOP_ADMIN_TOKEN`)
  }
}

export class AdminRequestRefusedError extends AesopError {
  static readonly kind = {
    code: 'AESOP_ADMIN_REQUEST_REFUSED',
    meaning:
      'The admin server refused a request: its token is missing or wrong, or it came from a page of another site.',
    remedy:
      'Send the value of AESOP_ADMIN_TOKEN as "Authorization: Bearer …", and ask by the name or address of the machine.',
    canRetry: false,
  } as const
  /** The status of the response. */
  readonly status: 401 | 403
  constructor(status: 401 | 403, reason: string) {
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
