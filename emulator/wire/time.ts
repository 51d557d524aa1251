/** `google.protobuf.Timestamp` and `google.protobuf.Duration` as `loadProtocol` gives and takes them. */
export interface ProtoTime {
  readonly seconds?: string | number;
  readonly nanos?: number;
}

/** A timestamp or duration in milliseconds, microseconds kept as a fraction. */
export function fromProtoTime(time: ProtoTime): number {
  return Number(time.seconds ?? 0) * 1000 + Math.trunc((time.nanos ?? 0) / 1000) / 1000;
}

/** Milliseconds (since the epoch, or of a duration) in the protocol's form. */
export function toProtoTime(ms: number): { seconds: string; nanos: number } {
  const seconds = Math.floor(ms / 1000);
  return { seconds: String(seconds), nanos: Math.round((ms - seconds * 1000) * 1000) * 1000 };
}
