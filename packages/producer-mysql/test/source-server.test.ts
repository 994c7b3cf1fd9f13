import { Secret } from '@aesop/kernel'
import { type PhysicalSourceConfig } from '@aesop/producer'
import { describe, expect, it } from 'vitest'
import { serverOfSource } from '../src/server/source-server.ts'
import { mysqlSource, type MysqlSourceOptions } from '../src/settings/mysql-settings.ts'
import { tlsRemark } from '../src/server/tls-remark.ts'

const RAW = `p@ss/wrd%2F:?#[]{}"'\\ $& é\u{1F600}`
const configOf = (options: Omit<MysqlSourceOptions, 'sources'>): PhysicalSourceConfig =>
  mysqlSource({ ...options, sources: ['shop.item'] })

describe('the server of a source', () => {
  it('needs no URI: every character of user and password stands for itself', () => {
    const config = configOf({ host: 'db.example', port: '3307', user: 'me/%2F@', password: RAW, serverId: 7n })
    expect(config).toMatchObject({ uri: 'mysql://db.example:3307', name: 'mysql-db.example-3307' })
    const server = serverOfSource(config)
    expect(server).toMatchObject({ host: 'db.example', port: 3307, user: 'me/%2F@', serverId: 7 })
    expect(server.password.reveal()).toBe(RAW)
    expect(server.masked).toBe('mysql://db.example:3307')
    expect(JSON.stringify([config, server])).not.toContain('p@ss')
  })

  it('may be an IPv6 address', () => {
    const config = configOf({ host: 'fd00::2', user: 'me' })
    expect(config.uri).toBe('mysql://[fd00::2]')
    expect(serverOfSource(config)).toMatchObject({ host: 'fd00::2', port: 3306 })
  })

  it('takes from properties what its URI leaves out', () => {
    const config = configOf({ uri: 'mariadb://me@h/9/log?ssl=verify-ca', password: RAW, port: 1, sslCa: 'ca.pem' })
    const server = serverOfSource(config)
    expect(server).toMatchObject({ host: 'h', port: 1, user: 'me', serverId: 9, binlogPrefix: 'log' })
    expect(server.tls).toEqual({ mode: 'verify-ca', caPath: 'ca.pem' })
    expect(server.password.reveal()).toBe(RAW)
  })

  it('keeps a secret that is read anew', () => {
    let now = 'first'
    const { password } = serverOfSource(configOf({ host: 'h', user: 'me', password: new Secret(() => now) }))
    now = 'second'
    expect(password.reveal()).toBe('second')
  })

  const full = 'mysql://me:topsecret@h:3306/7?ssl=required&sslCa=ca.pem'
  it.each([
    ['host', { host: 'h' }],
    ['port', { port: 3306 }],
    ['user', { user: 'me' }],
    ['password', { password: 'topsecret' }],
    ['serverId', { serverId: 7 }],
    ['ssl', { ssl: 'required' }],
    ['sslCa', { sslCa: 'ca.pem' }],
  ])('refuses %s in its URI and as a property, by name and without the password', (property, more) => {
    let error: unknown
    try {
      serverOfSource(configOf({ uri: full, ...more }))
    } catch (thrown) {
      error = thrown
    }
    expect(error).toMatchObject({ code: 'AESOP_SOURCE_SETTING_TWICE', fields: { property } })
    expect(String(error)).not.toContain('topsecret')
  })

  it.each([
    [{}, 'a host in its place'],
    [{ user: 'me' }, 'a host in its place'],
    [{ host: 'me:topsecret@h' }, 'host is "***"'],
    [{ host: '[::1]' }, 'without brackets'],
    [{ host: 'h', port: 0 }, 'port is 0'],
    [{ host: 'h', serverId: 4294967296 }, 'serverId'],
    [{ uri: 'binlog:logs/x.index', password: 'topsecret' }, 'password is "***"'],
    [{ uri: 'memory:x', sslCa: 'ca.pem' }, 'sslCa is "***"'],
  ])('refuses %o', (options, fault) => {
    expect(() => configOf(options)).toThrow(fault)
    expect(() => configOf(options)).not.toThrow('topsecret')
  })

  it('needs a user, in one place or the other', () => {
    expect(() => serverOfSource(configOf({ host: 'h' }))).toThrow('no user')
  })

  it('has a remark only where somebody gave something up', () => {
    expect(tlsRemark('h', { mode: 'auto' })).toBeUndefined()
    expect(tlsRemark('h', { mode: 'required' })).toBeUndefined()
    expect(tlsRemark('h', { mode: 'auto', serverPublicKeyPath: 'k' })).toContain('sslServerPublicKey')
  })
})
