import { statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type BeanContext, silentLogger } from '@aesop/kernel'
import { describe, expect, it, onTestFinished } from 'vitest'
import { newFolder, removeFolder } from '../../../test/support/test-folder.ts'
import { MysqlBootstrapStore, type MysqlBootstrapStoreOptions, SqliteBootstrapStore } from '../src/index.ts'

function contextOf(): BeanContext {
  const folder = newFolder('stores')
  onTestFinished(() => {
    removeFolder(folder)
  })
  return {
    id: 'store',
    container: 'bootstrap',
    log: silentLogger,
    signal: new AbortController().signal,
    projectsRoot: folder,
    stateDirectory: join(folder, '.aesop'),
    shared: new Map(),
    fail: (error) => {
      throw error
    },
  }
}

describe('the bean of a store in a file', () => {
  it('is bootstrap.db in the folder of the state, or a file below the projects root', () => {
    const context = contextOf()
    expect(new SqliteBootstrapStore({}, context).name).toBe(join(context.stateDirectory, 'bootstrap.db'))
    expect(new SqliteBootstrapStore({ file: 'data/x.db' }, context).name).toBe(join(context.projectsRoot, 'data/x.db'))
  })

  it('makes its folder and all of its files for its user alone', async () => {
    const context = contextOf()
    const store = new SqliteBootstrapStore({ file: 'data/x.db' }, context)
    const writer = await store.openWriter()
    await writer.declare({ name: 'shop', sources: ['shop.item'], schemaChangeId: 32767 })
    const reader = await store.openReader()
    await reader.states()
    expect(statSync(join(context.projectsRoot, 'data')).mode & 0o777).toBe(0o700)
    for (const ending of ['', '-wal', '-shm']) expect(statSync(`${store.name}${ending}`).mode & 0o777).toBe(0o600)
    await writer.close()
    await store.destroy()
  })
})

describe('the bean of a store in a server', () => {
  const of = (options: MysqlBootstrapStoreOptions): MysqlBootstrapStore => new MysqlBootstrapStore(options, contextOf())

  it.each([
    ['mysql://store%2Fa%40b@127.0.0.1:3307/bootstrap'],
    ['mariadb://store:a%40b@127.0.0.1:3307/bootstrap'],
    ['mysql://store@127.0.0.1:3307/bootstrap'],
  ])('takes %s', (uri) => {
    expect(of({ uri, ...(uri.includes('b@') ? {} : { password: 'a@b' }) }).name).toBe(
      'mysql://127.0.0.1:3307/bootstrap',
    )
  })

  it.each([
    [{ uri: 'http://store@127.0.0.1/bootstrap' }, 'does not begin with mysql:// or mariadb://'],
    [{ uri: 'mysql://127.0.0.1/bootstrap' }, 'it has no user'],
    [{ uri: 'mysql://store:hidden@127.0.0.1' }, 'its path is no name of a database'],
    [{ uri: 'mysql://store:hidden@127.0.0.1/bootstrap', password: 'x' }, 'has a password, and so has the store'],
    [{ uri: 'mysql://store:hid%den@127.0.0.1/bootstrap' }, 'a broken %-escape'],
    [{ uri: 'mysql://store:hidden@db.example/bootstrap' }, 'ssl: off: db.example is not this machine'],
    [{ uri: 'mysql://store@db.example/bootstrap', ssl: 'verify-identity' }, 'a PEM file, with ssl: verify-identity'],
    [{ uri: 'mysql://store@db.example/bootstrap', sslCa: 'gone.pem' }, 'a PEM file that can be read'],
    [{ uri: 'mysql://store@db.example/bootstrap', sslCa: 'ca.pem', ssl: 'off' }, 'expected none with ssl: off'],
  ] as const)('refuses by name, without a password: %j', (options, said) => {
    expect(() => of(options)).toThrow(said)
    expect(() => of(options)).not.toThrow(/hid(den)?/)
  })

  it('proves the server by an authority', () => {
    const context = contextOf()
    writeFileSync(join(context.projectsRoot, 'ca.pem'), 'PEM')
    const store = new MysqlBootstrapStore({ uri: 'mysql://store@db.example/bootstrap', sslCa: 'ca.pem' }, context)
    expect(store.name).toBe('mysql://db.example:3306/bootstrap')
  })
})
