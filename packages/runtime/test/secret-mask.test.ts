import { isSecretName, prepareLaunch, SecretMask } from '@aesop/runtime'
import { describe, expect, test } from 'vitest'
import { DescriptorFolder } from './support/descriptor-folder.ts'
import { fixtureContainer } from './support/fixture-container.ts'

describe('secrets are hidden', () => {
  test.each([
    [
      'mysql://or_test%2For_test@localhost:3306/12345/mysql-bin',
      'mysql://or_test%2F***@localhost:3306/12345/mysql-bin',
    ],
    ['mysql://me:pass@host/db and http://host:80/x', 'mysql://me:***@host/db and http://host:80/x'],
    ['password: hunter2, user: me', 'password: ***, user: me'],
    ['api_key="abc" token=xyz', 'api_key="***" token=***'],
    ['password: ${DB_PASSWORD}', 'password: ${DB_PASSWORD}'],
    ['the password must be text', 'the password must be text'],
  ])('%s', (text, shown) => {
    expect(new SecretMask().apply(text)).toBe(shown)
  })

  test('a learned value is hidden as a word, but not inside of other words', () => {
    const mask = new SecretMask()
    mask.learn('or_test')
    mask.learn('a.b*c')
    mask.learn('abc')
    expect(mask.apply('user or_test, table or_test.person, a.b*c, abc')).toBe(
      'user ***, table or_test.person, ***, abc',
    )
  })

  test('the value of a placeholder with a telling name is learned', async () => {
    using folder = DescriptorFolder.withFixture(
      'beans:\n  h: { class: Holder, properties: { name: "${db.password}" } }\n',
    )
    const { mask } = await prepareLaunch(folder.bootstrap, {
      containers: [fixtureContainer()],
      env: { DB_PASSWORD: 'hunter22' },
    })
    expect(mask.apply('access denied for hunter22')).toBe('access denied for ***')
  })

  test('telling names are told from others', () => {
    expect(['db.password', 'TOKEN', 'apiKey', 'clientSecret'].every(isSecretName)).toBe(true)
    expect(['relay.port', 'keyless', 'uri'].some(isSecretName)).toBe(false)
  })
})
