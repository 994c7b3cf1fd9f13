import { type Assignment, type Owner } from './assignment.ts'
import { type TermAssignment } from './assignment-document.ts'
import { type Member } from './member-record.ts'
import { type PartitionRecord } from './partition-record.ts'

/** How long an operation is waited for; both may be left out, because a home that is silent ends it. */
export interface Wait {
  readonly signal?: AbortSignal
  readonly deadlineMs?: number
}

/** `suspended`: the home is silent, and what this coordinator owns is its own still. `lost` and `closed` are final. */
export type CoordinatorState = 'connected' | 'suspended' | 'lost' | 'closed'

/** What may have changed. */
export type ClusterPart = 'members' | 'leader' | 'assignment'

/** Who is live, by id. The revision grows with each change. */
export interface Members {
  readonly revision: number
  readonly members: readonly Member[]
}

export interface AssignmentRead extends TermAssignment {
  /** What `writeAssignment` asks for. */
  readonly revision: number
}

export type AssignmentWritten =
  { readonly outcome: 'written'; readonly revision: number } | { readonly outcome: 'moved' | 'deposed' }

export type ClaimResult =
  | { readonly outcome: 'claimed'; readonly claim: Claim }
  | { readonly outcome: 'fenced' | 'held'; readonly record: PartitionRecord }

/** `fenced`: it is no longer the owner, for good. `unknown`: no answer came, and the next write looks first. */
export type CheckpointWritten = 'ok' | 'fenced' | 'unknown'

/** The right to write the checkpoint of a partition, as long as nobody has a greater epoch. */
export interface Claim {
  readonly partition: number
  readonly epoch: number
  /** What was stored when the claim was made; undefined: nothing yet. */
  readonly checkpoint: Uint8Array | undefined
  /** One at a time; of those that wait only the newest is written, and it answers for all. @throws DocumentTooLargeError */
  writeCheckpoint(bytes: Uint8Array, wait?: Wait): Promise<CheckpointWritten>
  /** Others may claim from now on. @param bytes left out: the newest that was to be written @throws DocumentTooLargeError */
  release(bytes?: Uint8Array, wait?: Wait): Promise<CheckpointWritten>
}

export interface CoordinatorStatus {
  readonly state: CoordinatorState
  readonly negotiatedTtlMs: number
  /** How long this coordinator may still act, without another answer. */
  readonly validForMs: number
  readonly isMember: boolean
  /** undefined: it does not lead. */
  readonly term: bigint | undefined
  readonly lastError: Error | undefined
}

/**
 * One member's way to its cluster, from `open` to its end. Every operation may be asked for again: what an attempt without an answer did is read first.
 * SPEC.md says what each of them means, and which test holds it.
 *
 * Operations throw ClusterUnavailableError (no answer), ClusterLostError, DocumentFormatNewerError and DocumentMalformedError; further ones stand at each.
 */
export interface Coordinator extends Owner {
  readonly numPartitions: number
  /** What the home has agreed to: a member that is silent for so long is gone. */
  readonly negotiatedTtlMs: number
  readonly state: CoordinatorState
  /** Until when it may act, on the clock of `performance.now()`, a margin taken off; −Infinity at the end. */
  validUntil(): number
  /** @returns what ends the telling */
  onState(listener: (state: CoordinatorState) => void): () => void
  /** Hints, at least one for each change: read it again. @returns what ends the telling */
  onChange(listener: (part: ClusterPart) => void): () => void

  /** @throws MemberAliveError, DocumentTooLargeError, NotMemberError after `leave` */
  join(record: string, wait?: Wait): Promise<void>
  leave(wait?: Wait): Promise<void>
  members(wait?: Wait): Promise<Members>

  /** @returns the own term, or undefined where another one leads @throws NotMemberError */
  campaign(wait?: Wait): Promise<bigint | undefined>
  resign(wait?: Wait): Promise<void>

  readAssignment(wait?: Wait): Promise<AssignmentRead>
  /** @throws AssignmentInvalidError */
  writeAssignment(
    assignment: Assignment,
    expected: { readonly revision: number; readonly term: bigint },
    wait?: Wait,
  ): Promise<AssignmentWritten>

  /** @throws NotMemberError, ClusterSettingInvalidError where there is no such partition */
  claim(partition: number, epoch: number, wait?: Wait): Promise<ClaimResult>
  readCheckpoint(partition: number, wait?: Wait): Promise<PartitionRecord | undefined>

  status(): CoordinatorStatus
  /** Leaves, and ends the session. */
  close(): Promise<void>
}
