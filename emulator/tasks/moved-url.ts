/** The names by which a program calls its own machine. */
const LOOPBACK = new Set(['127.0.0.1', 'localhost', '[::1]', '0.0.0.0']);
const ORIGIN = /^[a-z]+:\/\/[^/?#]*/i;

/** The URL at the origin `to` where it is at `from`, by any name of this machine; undefined where it is elsewhere. */
export function movedUrl(url: string, from: string, to: string): string | undefined {
  const target = URL.parse(url);
  const left = URL.parse(from);
  if (!target || !left || target.protocol !== left.protocol || target.port !== left.port) return undefined;
  const isSame = target.hostname === left.hostname;
  if (!isSame && !(LOOPBACK.has(target.hostname) && LOOPBACK.has(left.hostname))) return undefined;
  return url.replace(ORIGIN, () => to);
}
