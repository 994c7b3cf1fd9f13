import { describe, expect, it } from 'vitest'
import { maskMysqlUri, parseMysqlUri } from '../src/server/mysql-uri.ts'
import {
  parseTlsSettings,
  readServerPublicKey,
  readTlsFiles,
  type SslTexts,
  tlsBelow,
} from '../src/server/tls-settings.ts'

describe('the URI of a MySQL source', () => {
  it('in the old form holds user and password in one part, split at the first slash', () => {
    const parsed = parseMysqlUri('mysql://or_test%2Fp%2Fw@db.example:3307/12345/mysql-bin')
    expect(parsed.password.reveal()).toBe('p/w')
    expect(parsed).toEqual({
      user: 'or_test',
      password: parsed.password,
      tls: { mode: 'auto' },
      host: 'db.example',
      port: 3307,
      serverId: 12345,
      binlogPrefix: 'mysql-bin',
      masked: 'mysql://or_test:***@db.example:3307/12345/mysql-bin',
    })
  })

  it('in the usual form needs neither port, server id nor log prefix', () => {
    const uri = parseMysqlUri('mysql://aesop:s%40cr%3Aet@localhost')
    expect(uri.password.reveal()).toBe('s@cr:et')
    expect(uri).toMatchObject({ user: 'aesop', host: 'localhost', port: 3306 })
    expect(uri.serverId).toBeUndefined()
    expect(uri.binlogPrefix).toBeUndefined()
  })

  it('takes a prefix with dots and underscores, and an IPv6 host', () => {
    expect(parseMysqlUri('mysql://a:b@[::1]:3306/7/my_sql.log-bin')).toMatchObject({
      host: '::1',
      serverId: 7,
      binlogPrefix: 'my_sql.log-bin',
    })
  })

  it('keeps a slash in the user when the password stands apart', () => {
    const { user, password } = parseMysqlUri('mysql://a%2Fb:c@h')
    expect([user, password.reveal()]).toEqual(['a/b', 'c'])
  })

  it('may begin with mariadb', () => {
    const uri = parseMysqlUri('mariadb://a:topsecret@h:1/7')
    expect(uri).toMatchObject({ user: 'a', host: 'h', port: 1, serverId: 7, masked: 'mariadb://a:***@h:1/7' })
    expect(JSON.stringify(uri)).not.toContain('topsecret')
  })

  it.each([
    ['postgres://a:b@h', 'does not begin with mysql://'],
    ['mysql://h:3306', 'no user'],
    ['mysql://a:topsecret@h:notaport', 'host or port'],
    ['mysql://a:topsecret@h/0', 'server id "0"'],
    ['mysql://a:topsecret@h/4294967296', 'server id "4294967296"'],
    ['mysql://a:topsecret@h/x/y', 'server id "x"'],
    ['mysql://a:topsecret@h/1/b/c', 'more parts'],
    ['mysql://a:topsecret%zz@h', '%-escape'],
    ['mysql://a:topsecret@h#x', 'fragment'],
    ['mysql://a:topsecret@h?ssl=1', 'its ssl is "1"'],
    ['mysql://a:topsecret@h?tls=required', 'parameter "tls"'],
    ['mysql://a:topsecret@h?ssl=required&ssl=verify-ca', 'given twice'],
    ['mysql://a:topsecret@h?ssl=verify-ca', 'needs sslCa'],
    ['mysql://a:topsecret@h?ssl=required&sslCert=c.pem', 'go together'],
  ])('refuses %s by saying what is wrong, without the password', (text, fault) => {
    let message = ''
    try {
      parseMysqlUri(text)
    } catch (error) {
      message = String(error)
    }
    expect(message).toContain(fault)
    expect(message).not.toContain('topsecret')
  })

  it('says how connections are encrypted', () => {
    expect(parseMysqlUri('mysql://a:b@h').tls).toEqual({ mode: 'auto' })
    expect(parseMysqlUri('mysql://a:b@h/7?ssl=required')).toMatchObject({ serverId: 7, tls: { mode: 'required' } })
    const text = 'mysql://a:b@h:1?ssl=verify-identity&sslCa=a%20b/ca.pem&sslCert=c.pem&sslKey=/k.pem'
    const { tls, masked } = parseMysqlUri(text)
    expect(tls).toEqual({ mode: 'verify-identity', caPath: 'a b/ca.pem', certPath: 'c.pem', keyPath: '/k.pem' })
    expect(masked).toBe(text.replace(':b@', ':***@'))
    const resolved = tlsBelow('/project', tls)
    expect(resolved).toMatchObject({ caPath: '/project/a b/ca.pem', certPath: '/project/c.pem', keyPath: '/k.pem' })
  })

  const sha256 = 'AB:'.repeat(31) + 'CD'
  const parse = (texts: SslTexts): unknown =>
    parseTlsSettings(texts, (fault) => {
      throw new Error(fault)
    })

  it('takes fingerprints as openssl and others print them, several with commas between', () => {
    const digits = sha256.replaceAll(':', '').toLowerCase()
    expect(parse({ sslFingerprint: `sha256:${sha256}, ${digits}` })).toEqual({
      mode: 'auto',
      fingerprints: [digits, digits],
    })
  })

  it.each<[SslTexts, string]>([
    [{ sslFingerprint: 'AB:CD' }, 'no SHA-256'],
    [{ sslFingerprint: sha256, sslCa: 'ca.pem' }, 'exclude each other'],
    [{ sslFingerprint: sha256, ssl: 'verify-identity' }, 'not looked at'],
    [{ sslServerPublicKey: 'k.pem', sslFingerprint: sha256 }, 'exclude each other'],
    [{ sslServerPublicKey: 'k.pem', ssl: 'required' }, 'not encrypted'],
    [{ sslServerPublicKey: 'k.pem', sslCert: 'c.pem', sslKey: 'c.key' }, 'not encrypted'],
    [{ ssl: 'unverified', sslCa: 'ca.pem' }, 'not looked at with ssl=unverified'],
    [{ ssl: 'off', sslCa: 'ca.pem' }, 'ssl=off'],
    [{ ssl: 'off', sslFingerprint: sha256 }, 'ssl=off'],
  ])('refuses %o: a setting that does nothing', (texts, fault) => {
    expect(() => parse(texts)).toThrow(fault)
  })

  it('names a certificate file that is missing or is none', () => {
    const missing = { mode: 'verify-ca', caPath: '/nowhere/ca.pem' } as const
    expect(() => readTlsFiles(missing)).toThrow('sslCa: the file /nowhere/ca.pem')
    const wrong = { mode: 'required', certPath: import.meta.filename, keyPath: '/nowhere/k.pem' } as const
    expect(() => readTlsFiles(wrong)).toThrow(/sslKey|sslCert/)
    expect(() => readTlsFiles({ mode: 'verify-ca', caPath: '/etc/hostname' })).toThrow('it is no PEM file')
    expect(() => readServerPublicKey('/etc/hostname')).toThrow('sslServerPublicKey: the file /etc/hostname')
  })

  it('never shows the password, in either form', () => {
    expect(maskMysqlUri('mysql://u%2Fsecret@h/1/p')).toBe('mysql://u:***@h/1/p')
    expect(maskMysqlUri('mysql://u:secret@h')).toBe('mysql://u:***@h')
    expect(maskMysqlUri('mysql://u:se@cret@h')).toBe('mysql://u:***@h')
    expect(maskMysqlUri('mysql://u:se/cr?et@h')).toBe('mysql://u:***@h')
    expect(maskMysqlUri('binlog:logs/mysql-bin.index')).toBe('binlog:logs/mysql-bin.index')
  })
})
