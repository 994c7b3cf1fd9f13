import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { newFolder, removeFolder } from '../../../../test/support/test-folder.ts'

export const BOOTSTRAP = `beans:
  bootstrapInfo:
    class: BootstrapInfo
    properties:
      componentContainers: [fixture]
`

/** A fresh folder with these files; it is removed when the test disposes of it. */
export class DescriptorFolder implements Disposable {
  readonly path = newFolder('descriptors')

  constructor(files: Readonly<Record<string, string>>) {
    for (const [name, text] of Object.entries(files)) this.write(name, text)
  }

  /** A folder with a bootstrap descriptor and this descriptor of the fixture container. */
  static withFixture(text: string, more: Readonly<Record<string, string>> = {}): DescriptorFolder {
    return new DescriptorFolder({ 'bootstrap.yaml': BOOTSTRAP, 'fixture-config.yaml': text, ...more })
  }

  file(name: string): string {
    return join(this.path, name)
  }

  get bootstrap(): string {
    return this.file('bootstrap.yaml')
  }

  write(name: string, text: string): void {
    mkdirSync(dirname(this.file(name)), { recursive: true })
    writeFileSync(this.file(name), text)
  }

  [Symbol.dispose](): void {
    removeFolder(this.path)
  }
}
