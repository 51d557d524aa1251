/** A job whose target is a topic, as it is created. */
export interface JobSpec {
  /** `projects/{project}/locations/{location}/jobs/{job}`. */
  readonly name: string;
  readonly cron: string;
  /** Of the tz database. */
  readonly timeZone: string;
  /** `projects/{project}/topics/{topic}`. */
  readonly topic: string;
  /** Published as they are: nothing is added that tells one tick from another, as in the service. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly data: Uint8Array;
}

/** A job as it stands. Times are milliseconds since the epoch. */
export interface Job extends JobSpec {
  readonly state: 'ENABLED' | 'PAUSED';
  /** When it strikes next; undefined where it is paused, or never will. */
  readonly nextAt?: number;
  readonly lastAttempt?: Attempt;
}

interface Attempt {
  readonly at: number;
  /** Undefined while it is under way. */
  readonly outcome?: { readonly ok: true } | { readonly ok: false; readonly message: string };
}
