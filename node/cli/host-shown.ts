// A host as `GET /api/hosts` shows it, as far as the commands read it.

export interface HostShown {
  readonly id: string;
  readonly url: string;
  readonly status: string;
  readonly votes: boolean;
  readonly isSelf: boolean;
  readonly legacy?: boolean;
  readonly key?: { readonly state: string; readonly publicKey?: string; readonly why?: string };
  readonly why?: string;
  readonly remark?: string;
  /** How its change log is followed from here. */
  readonly feed?: { readonly state: string; readonly asOf?: string };
}
