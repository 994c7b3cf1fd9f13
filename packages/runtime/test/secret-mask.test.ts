import fc from 'fast-check'
import { Secret } from '@aesop/kernel'
import { isSecretName, SecretMask } from '@aesop/runtime'
import { describe, expect, test } from 'vitest'
import { redacted } from '../src/log/redacted.ts'
import { shownLiteral, shownPlaceholders, uriPasswords } from '../src/log/shown-text.ts'
import { assertProperty } from '../../../test/support/property.ts'

const SEED = 20_261_128
const isProvider = (name: string): boolean => ['file', 'env', 'cred'].includes(name)

describe('texts of others', () => {
  test.each([
    ['mysql://or_test%2For_test@localhost:3306/1/mysql-bin', 'mysql://localhost:3306/1/mysql-bin'],
    ['mysql://me:pass@host/db and http://host:80/x', 'mysql://host/db and http://host:80/x'],
    ['got "mysql://me%2F${DB_PASSWORD}@h"', 'got "mysql://me%2F${DB_PASSWORD}@h"'],
    ['no token was sent', 'no token was sent'],
    ['the password must be text: hunter2', 'the password must be text: hunter2'],
    ['see http://host/a@b', 'see http://host/a@b'],
  ])('%s', (text, shown) => {
    expect(new SecretMask().apply(text)).toBe(shown)
  })

  test.each(['p@ss/wrd', '%%%%%%%%', 'qu"ote\'s"', 'line one\nline two', '.*.*.*.*', '${${${${', 'ключ-ключ'])(
    'the secret %j is found as it is, in JSON and in a URI',
    (secret) => {
      const mask = new SecretMask()
      mask.learn(secret, '${X}')
      expect(mask.apply(`<${secret}>`)).toBe('<${X}>')
      expect(mask.apply(JSON.stringify({ secret }))).toBe('{"secret":"${X}"}')
      expect(mask.apply(`a${encodeURIComponent(secret)}b`)).toBe('a${X}b')
    },
  )

  test('a secret that a URI holds in escaped form is found in the words of a driver', () => {
    const mask = new SecretMask()
    mask.learn('p%40ss%2Fwrd', '${X}')
    expect(mask.apply('access denied, password p@ss/wrd')).toBe('access denied, password ${X}')
  })

  test('a secret of a URI with signs that end its user information is found before the URI is looked at', () => {
    const mask = new SecretMask()
    mask.learn('p@ss/wrd')
    expect(mask.apply('no answer of mysql://me:p@ss/wrd@host/1')).toBe('no answer of mysql://host/1')
  })

  test('each line of a secret is found alone', () => {
    const mask = new SecretMask()
    mask.learn('-----BEGIN KEY-----\nabcdefghijk\n')
    expect(mask.apply('at line 2: abcdefghijk')).toBe('at line 2: ***')
  })

  test('short words and addresses stay', () => {
    const mask = new SecretMask()
    for (const each of ['seven77', '127.0.0.1', 'localhost']) mask.learn(each)
    expect(mask.apply('seven77 127.0.0.1 localhost')).toBe('seven77 127.0.0.1 localhost')
  })

  test('nothing of what was learned is left, and what replaces it is not looked at again', () => {
    const word = fc.string({ minLength: 8, maxLength: 12, unit: fc.constantFrom('a', 'b', '%', '@', '/', '"', '\n') })
    const reached = { masked: 0, several: 0, lines: 0 }
    assertProperty(
      fc.property(
        fc.array(word, { minLength: 1, maxLength: 5 }),
        fc.array(fc.nat(4), { maxLength: 20 }),
        (words, order) => {
          const mask = new SecretMask()
          for (const each of words) mask.learn(each, '<>')
          const text = order.map((i) => words[i % words.length] ?? '').join(' ')
          const shown = mask.apply(text)
          if (shown.includes('<>')) reached.masked++
          if (order.length > 1 && words.length > 1) reached.several++
          if (words.some((each) => each.includes('\n'))) reached.lines++
          return words.every((each) => !shown.includes(each))
        },
      ),
      { seed: SEED, numRuns: 100, reached, atLeast: 30 },
    )
  })

  test('a request of 2 MB does not block, whatever it holds', () => {
    const mask = new SecretMask()
    for (let i = 0; i < 100; i++) mask.learn(`secret number ${i}`)
    for (const piece of ['password.password.', 'a://', 'x:@', 'secret number ', 'token=', '--------']) {
      const begun = performance.now()
      mask.apply(piece.repeat(2_000_000 / piece.length))
      // The pattern of old took 200 ms for 15 KB, and a hundred times that for ten times as much.
      expect(performance.now() - begun, piece).toBeLessThan(5_000)
    }
  })
})

describe('data', () => {
  const mask = new SecretMask()
  mask.learn('p@ss"wrd\n', '${X}')

  test('JSON stays JSON, keys and values that say themselves how they are written included', () => {
    const data = { 'p@ss"wrd\n': ['<p@ss"wrd\n>', 1n, null, true], secret: new Secret('hunter22'), date: new Date(0) }
    expect(redacted(data, mask)).toEqual({
      '${X}': ['<${X}>', 1n, null, true],
      secret: '***',
      date: '1970-01-01T00:00:00.000Z',
    })
  })

  test('what is nested too deep, or contains itself, does not end the process', () => {
    let deep: unknown = 1
    for (let i = 0; i < 100_000; i++) deep = [deep]
    expect(JSON.stringify(redacted(deep, mask))).toContain('nested too deep')
    const circle: Record<string, unknown> = {}
    circle['self'] = [circle, circle]
    expect(() => JSON.stringify(redacted(circle, mask))).toThrow(TypeError)
  })
})

describe('texts of a descriptor', () => {
  test.each([
    ['mysql://me:p@ss/wrd@host:3306/1/bin', 'mysql://host:3306/1/bin'],
    ['mysql://us%25er%2Fp%40ss@host/1', 'mysql://host/1'],
    ['mysql://me/pa?ss#w@host', 'mysql://host'],
    ['mysql://${USER}:${PW}@h', 'mysql://${USER}:${PW}@h'],
    ['mysql://me%2F${PW:secret}@h', 'mysql://me%2F${PW:***}@h'],
    ['mysql://me:lit${PW}@h', 'mysql://h'],
    ['http://a:b@one,http://c:d@two', 'http://one,http://two'],
    ['jdbc:mysql://h/db?user=me&password=x&ssl=y', 'jdbc:mysql://h/db?user=me&password=***&ssl=y'],
    ['http://h/x?token=${T}', 'http://h/x?token=${T}'],
    ['plain me@home', 'plain me@home'],
  ])('%s', (text, shown) => {
    expect(shownLiteral(text, isProvider)).toBe(shown)
  })

  test.each([
    ['${port:80}', '${port:80}', '${port:***}'],
    ['${db.password:geheim}', '${db.password:***}', '${db.password:***}'],
    ['${file:/run/secrets/x}', '${file:/run/secrets/x}', '${file:/run/secrets/x}'],
    ['${a:${b:c}}', '${a:${b:c}}', '${a:${b:***}}'],
    ['\\${no} ${x}', '\\${no} ${x}', '\\${no} ${x}'],
  ])('%s', (text, plain, secret) => {
    expect(shownPlaceholders(text, { isSecret: false, isProvider })).toBe(plain)
    expect(shownPlaceholders(text, { isSecret: true, isProvider })).toBe(secret)
  })

  test('the passwords of URIs are told', () => {
    expect(uriPasswords('mysql://me:p@ss/wrd@h/x and http://h')).toEqual(['p@ss/wrd', ''])
  })

  test('telling names are told from others', () => {
    const telling =
      'db.password TOKEN apiKey clientSecret passphrase privateKey accessKey authorization auth DB_PASS x.pwd'
    expect(telling.split(' ').filter((name) => !isSecretName(name))).toEqual([])
    const others = 'relay.port keyless uri author bypass compass passedOver authorName primaryKey'
    expect(others.split(' ').filter(isSecretName)).toEqual([])
  })
})
