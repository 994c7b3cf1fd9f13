import { AesopError, type AesopErrorClass, messageOf } from '@aesop/kernel'

/*
 * Why a server does not let the source in although it can be reached. Trying again helps only where the server says that
 * it is a matter of numbers.
 */

export class MysqlAccessDeniedError extends AesopError {
  static readonly kind = {
    code: 'AESOP_MYSQL_ACCESS_DENIED',
    meaning:
      'The server refused the user or its password. It answers the same when the account demands encryption, or is for other hosts only.',
    remedy: "Correct the uri, or run: ALTER USER '<user>'@'%' IDENTIFIED BY '<password>';",
    canRetry: false,
  } as const
  constructor(server: string, user: string, cause: unknown) {
    const secure =
      '; if SHOW CREATE USER says REQUIRE SSL, the server must offer TLS (ssl_cert), and ssl must not be off'
    super(MysqlAccessDeniedError.kind, `the server ${server} refused the user "${user}": ${messageOf(cause)}`, {
      fields: { server, user },
      remedy: `Correct user and password, or run: ALTER USER '${user}'@'%' IDENTIFIED BY '<password>'${secure}`,
    })
  }
}

export class MysqlAuthenticationPluginError extends AesopError {
  static readonly kind = {
    code: 'AESOP_MYSQL_AUTHENTICATION_PLUGIN',
    meaning:
      'The account logs in by an authentication plugin that can not be used here: ed25519, PAM, a socket, or one that the server has not loaded; or the password is asked for in the clear.',
    remedy:
      "Run on MariaDB: ALTER USER '<user>'@'%' IDENTIFIED VIA mysql_native_password USING PASSWORD('<password>'); on MySQL: ALTER USER '<user>'@'%' IDENTIFIED WITH caching_sha2_password BY '<password>';",
    canRetry: false,
  } as const
  constructor(server: string, user: string, plugin: string | undefined, cause: unknown) {
    const named = plugin === undefined ? 'a plugin that takes no password' : `the plugin ${plugin}`
    super(
      MysqlAuthenticationPluginError.kind,
      `the user "${user}" of ${server} logs in by ${named}, mysql_native_password or caching_sha2_password is needed: ${messageOf(cause)}`,
      {
        cause,
        fields: { server, user, plugin },
        remedy: MysqlAuthenticationPluginError.kind.remedy.replaceAll('<user>', user),
      },
    )
  }
}

export class MysqlAccountLockedError extends AesopError {
  static readonly kind = {
    code: 'AESOP_MYSQL_ACCOUNT_LOCKED',
    meaning: 'The account is locked, by an administrator or after too many logins with a wrong password.',
    remedy: "Correct the uri if its password is wrong, and run: ALTER USER '<user>'@'%' ACCOUNT UNLOCK;",
    canRetry: false,
  } as const
  constructor(server: string, user: string, cause: unknown) {
    super(MysqlAccountLockedError.kind, `the user "${user}" of ${server} is locked: ${messageOf(cause)}`, {
      cause,
      fields: { server, user },
      remedy: MysqlAccountLockedError.kind.remedy.replace('<user>', user),
    })
  }
}

export class MysqlPasswordExpiredError extends AesopError {
  static readonly kind = {
    code: 'AESOP_MYSQL_PASSWORD_EXPIRED',
    meaning: 'The password of the account has expired; the server takes no other statement until it is changed.',
    remedy:
      "Run: ALTER USER '<user>'@'%' IDENTIFIED BY '<password>' PASSWORD EXPIRE NEVER; and correct the uri if the password is a new one.",
    canRetry: false,
  } as const
  constructor(server: string, user: string, cause: unknown) {
    super(
      MysqlPasswordExpiredError.kind,
      `the password of the user "${user}" of ${server} has expired: ${messageOf(cause)}`,
      {
        cause,
        fields: { server, user },
        remedy: MysqlPasswordExpiredError.kind.remedy.replace('<user>', user),
      },
    )
  }
}

export class MysqlTlsNeededError extends AesopError {
  static readonly kind = {
    code: 'AESOP_MYSQL_TLS_NEEDED',
    meaning: 'The server takes encrypted connections only (require_secure_transport), and the source wants none.',
    remedy:
      'Take ssl: off or sslServerPublicKey away; off loopback the server proves itself by sslCa or sslFingerprint then.',
    canRetry: false,
  } as const
  constructor(server: string, cause: unknown) {
    super(MysqlTlsNeededError.kind, `the server ${server} takes encrypted connections only: ${messageOf(cause)}`, {
      cause,
      fields: { server },
    })
  }
}

export class MysqlHostRefusedError extends AesopError {
  static readonly kind = {
    code: 'AESOP_MYSQL_HOST_REFUSED',
    meaning: 'The server takes no connection from this host: no account is for it, or it is blocked after errors.',
    remedy:
      "If it is not allowed, run: CREATE USER '<user>'@'%' IDENTIFIED BY '<password>'; if it is blocked: FLUSH HOSTS; (MySQL: TRUNCATE TABLE performance_schema.host_cache;) and raise max_connect_errors.",
    canRetry: false,
  } as const
  constructor(server: string, user: string, cause: unknown) {
    super(MysqlHostRefusedError.kind, `the server ${server} refuses this host: ${messageOf(cause)}`, {
      cause,
      fields: { server, user },
      remedy: MysqlHostRefusedError.kind.remedy.replace('<user>', user),
    })
  }
}

export class MysqlConnectionsExhaustedError extends AesopError {
  static readonly kind = {
    code: 'AESOP_MYSQL_CONNECTIONS_EXHAUSTED',
    meaning: 'The server, or the account, has no connection left. The source needs three at a time when it connects.',
    remedy:
      "The source tries again by itself; to make room, raise max_connections, or run: ALTER USER '<user>'@'%' WITH MAX_USER_CONNECTIONS 0 MAX_CONNECTIONS_PER_HOUR 0 MAX_QUERIES_PER_HOUR 0;",
    canRetry: true,
  } as const
  constructor(server: string, user: string, cause: unknown) {
    super(
      MysqlConnectionsExhaustedError.kind,
      `the server ${server} has no connection left for the user "${user}": ${messageOf(cause)}`,
      {
        cause,
        fields: { server, user },
        remedy: MysqlConnectionsExhaustedError.kind.remedy.replace('<user>', user),
      },
    )
  }
}

export const accountErrors: readonly AesopErrorClass[] = [
  MysqlAccessDeniedError,
  MysqlAuthenticationPluginError,
  MysqlAccountLockedError,
  MysqlPasswordExpiredError,
  MysqlTlsNeededError,
  MysqlHostRefusedError,
  MysqlConnectionsExhaustedError,
]
