// How a host is followed, for people.

export interface FollowingView {
  readonly state: 'following' | 'behind' | 'silent' | 'refused';
  /** ISO 8601, UTC: when the host last said that the copy is as its index is; absent: not since the start. */
  readonly asOf?: string;
  /** Why, when it is silent or refused. */
  readonly why?: string;
}
