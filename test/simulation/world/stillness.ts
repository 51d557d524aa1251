/**
 * What Node itself calls between two callbacks: runs ticks and microtasks until both queues are empty
 * (https://github.com/nodejs/node/blob/main/lib/internal/process/task_queues.js, `runNextTicks`).
 */
const runTicks: unknown = Reflect.get(process, '_tickCallback');

type Task = () => void;

/**
 * Runs `work` to its end within one turn of the event loop. `work` gets a function that runs everything which can go on by itself:
 * every tick and microtask, and immediates that these ask for. Nothing foreign comes between, and no turn of the loop is waited for,
 * which is a system call each time.
 */
export function withinOneTurn<Result>(work: (settle: () => void) => Result): Promise<Result> {
  return new Promise((resolve, reject) => {
    setImmediate(() => {
      const immediates: Task[] = [];
      const real = globalThis.setImmediate;
      const collect = (task: (...args: unknown[]) => void, ...args: unknown[]) =>
        immediates.push(() => task(...args));
      globalThis.setImmediate = Object.assign(collect, { __promisify__: real.__promisify__ }) as never;
      try {
        resolve(work(() => settle(immediates)));
      } catch (error) {
        reject(error);
      } finally {
        globalThis.setImmediate = real;
      }
    });
  });
}

function settle(immediates: Task[]): void {
  if (typeof runTicks !== 'function') throw new TypeError('this Node has no process._tickCallback');
  runTicks();
  for (let task = immediates.shift(); task; task = immediates.shift()) {
    task();
    runTicks();
  }
}

/** The result of a promise that needs nothing but ticks and microtasks. */
export function resultOf<Result>(promise: Promise<Result>, settle: () => void): Result {
  let result: { readonly value: Result } | { readonly error: unknown } | undefined;
  promise.then(
    (value) => {
      result = { value };
    },
    (error) => {
      result = { error };
    },
  );
  settle();
  if (!result) throw new Error('a promise waits for something outside of the simulation');
  if ('error' in result) throw result.error;
  return result.value;
}
