import { ClusterSettingInvalidError } from '../errors.ts'

const NAME = /^[A-Za-z0-9._:-]{1,128}$/

/** A name that is a node of its own. @throws ClusterSettingInvalidError */
export function checkName(setting: string, name: string): void {
  if (NAME.test(name) && name !== '.' && name !== '..') return
  throw ClusterSettingInvalidError.of(setting, name, '1 to 128 of A-Z a-z 0-9 . _ : - are expected, and not . or ..')
}

/** Where the documents of a cluster are, below the chroot of the session. */
export class ClusterPaths {
  readonly root: string
  readonly config: string
  readonly members: string
  readonly leader: string
  readonly assignment: string
  readonly checkpoints: string

  constructor(cluster: string) {
    this.root = `/${cluster}`
    this.config = `${this.root}/config`
    this.members = `${this.root}/members`
    this.leader = `${this.root}/leader`
    this.assignment = `${this.root}/assignment`
    this.checkpoints = `${this.root}/checkpoints`
  }

  member(memberId: string): string {
    return `${this.members}/${memberId}`
  }

  checkpoint(partition: number): string {
    return `${this.checkpoints}/${partition}`
  }
}
