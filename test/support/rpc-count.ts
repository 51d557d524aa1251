import { subscribe, unsubscribe } from 'node:diagnostics_channel';

/** Each gRPC call is one HTTP/2 stream: https://nodejs.org/api/diagnostics_channel.html#http2. */
const CHANNEL = 'http2.client.stream.created';

/** Runs `work` and tells which calls this process made meanwhile, on the wire: `Firestore/Commit`, in order. */
export async function callsOf(work: () => Promise<unknown>): Promise<string[]> {
  const calls: string[] = [];
  const note = (message: unknown) => {
    const { headers } = message as { headers: Readonly<Record<string, unknown>> };
    calls.push(String(headers[':path']).replace(/^.*\./, ''));
  };
  subscribe(CHANNEL, note);
  try {
    await work();
  } finally {
    unsubscribe(CHANNEL, note);
  }
  return calls;
}
