import { describe, expect, it } from 'vitest'
import { maskMysqlUri, parseMysqlUri } from '../src/mysql-uri.ts'

describe('the URI of a MySQL source', () => {
  it('in the old form holds user and password in one part, split at the first slash', () => {
    expect(parseMysqlUri('mysql://or_test%2Fp%2Fw@db.example:3307/12345/mysql-bin')).toEqual({
      user: 'or_test',
      password: 'p/w',
      host: 'db.example',
      port: 3307,
      serverId: 12345,
      binlogPrefix: 'mysql-bin',
      masked: 'mysql://or_test:***@db.example:3307/12345/mysql-bin',
    })
  })

  it('in the usual form needs neither port, server id nor log prefix', () => {
    const uri = parseMysqlUri('mysql://aesop:s%40cr%3Aet@localhost')
    expect(uri).toMatchObject({ user: 'aesop', password: 's@cr:et', host: 'localhost', port: 3306 })
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
    expect(parseMysqlUri('mysql://a%2Fb:c@h')).toMatchObject({ user: 'a/b', password: 'c' })
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
    ['mysql://a:topsecret@h?ssl=1', 'query'],
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

  it('never shows the password, in either form', () => {
    expect(maskMysqlUri('mysql://u%2Fsecret@h/1/p')).toBe('mysql://u:***@h/1/p')
    expect(maskMysqlUri('mysql://u:secret@h')).toBe('mysql://u:***@h')
    expect(maskMysqlUri('mysql://u:se@cret@h')).toBe('mysql://u:***@h')
    expect(maskMysqlUri('mysql://u:se/cr?et@h')).toBe('mysql://u:***@h')
    expect(maskMysqlUri('binlog:logs/mysql-bin.index')).toBe('binlog:logs/mysql-bin.index')
  })
})
