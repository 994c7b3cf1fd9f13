import { describe, expect, test } from 'vitest'
import { Launched, LaunchFolder } from '../support/launched.ts'

describe('what a package contributes to the launcher', () => {
  test('is a command with options of its own', async () => {
    using folder = new LaunchFolder('')
    const { code, stdout } = await new Launched(['greet', 'lion', '--in', 'fable', '--json'], folder.path).ended
    expect({ code, stdout: JSON.parse(stdout) as unknown }).toEqual({
      code: 42,
      stdout: { args: ['lion'], language: 'fable', json: true, first: 'fixture' },
    })
  })

  test.each([
    [['greet', 'lion', '--in', 'verse'], '--in must be one of fable, prose, got "verse"'],
    [['check', 'bootstrap.yaml', '--in', 'fable'], '--in belongs to the command greet'],
    [['greet', '--inn', 'fable'], 'did you mean "--in"?'],
  ])('is a command line that is understood or refused: %j', async (args, text) => {
    using folder = new LaunchFolder('')
    const { code, stderr } = await new Launched(args, folder.path).ended
    expect({ code }, stderr).toEqual({ code: 2 })
    expect(stderr).toContain(text)
  })

  test('stands in the help and is completed', async () => {
    using folder = new LaunchFolder('')
    const help = (await new Launched(['--help'], folder.path).ended).stdout
    expect(help).toMatch(/aesop-launch greet <name> --in <language>\s+says hello/)
    expect(help).toMatch(/Options of greet\n\s+--in <language>\s+how it is said/)
    const script = (await new Launched(['completion', 'bash'], folder.path).ended).stdout
    expect(script).toContain('--in) COMPREPLY=($(compgen -W "fable prose"')
    expect(script).toMatch(/compgen -W "run .* greet"/)
  })

  test('is a page and metrics of the admin server, beside the page of stored places', async () => {
    using folder = new LaunchFolder('')
    using launched = new Launched(['bootstrap.yaml', '--admin', '0'], folder.path)
    await launched.until('test is ready')
    const url = /admin=(\S+)/.exec(launched.stderr)?.[1] ?? ''
    const text = async (path: string): Promise<string> => (await fetch(`${url}${path}`)).text()
    expect(JSON.parse(await text('/admin/fixture?of=fox'))).toEqual({ beans: 1, query: { of: 'fox' }, big: 2 ** 60 })
    expect(await text('/admin/places')).toBe('[]\n')
    expect(await text('/metrics')).toContain('fixture_tales{by="fox"} 7')
    expect(JSON.parse(await text('/admin'))).toMatchObject({
      pages: expect.arrayContaining(['/admin/fixture', '/admin/places', '/metrics']) as unknown,
    })
  })
})
