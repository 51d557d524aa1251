import * as z from 'zod';
import { MeshError } from '../shared/contract/errors.ts';

/**
 * The configuration of a stack: everything in which environments differ. Each key is written `agent-mesh:<key>` in
 * `Pulumi.<stack>.yaml`, or set by `pulumi config set`. docs/configuration.md says what each does; a test holds the two together.
 */

const Memory = z.string().regex(/^[1-9]\d*(Mi|Gi)$/, 'is written 512Mi or 1Gi');
const Days = z.int().min(1).max(3650);
const Host = z
  .string()
  .regex(/^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$/, 'is a host name, such as api.stripe.com');
const NUMBER_IN_QUOTES = 'is a number, in quotes: names can be taken over by others, numbers can not';
const NumericId = z.string({ error: NUMBER_IN_QUOTES }).regex(/^\d+$/, NUMBER_IN_QUOTES);
const Ratio = z.number().gt(0).lt(1);

/** The sizes of a function: given for all, and for one agent where it differs. */
const sizes = {
  /** 256Mi to 32Gi. */
  memory: Memory,
  /** 0.08 to 8 of a virtual CPU; below 1, an instance handles one message at a time. */
  cpu: z.number().min(0.08).max(8),
  /** Instances that are kept warm, and paid for while idle. */
  minInstances: z.int().min(0).max(100),
  /** Instances at most: what bounds cost, and the load on providers. */
  maxInstances: z.int().min(1).max(1000),
  /** Messages that one instance handles at a time. Left out: what the agent's contract says. */
  concurrency: z.int().min(1).max(1000),
};

const Functions = z.strictObject({
  mode: z.enum(['function', 'run-zip', 'image']),
  ...sizes,
  concurrency: sizes.concurrency.optional(),
  startupCpuBoost: z.boolean().default(true),
  logLevel: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
  agents: z.record(z.string(), z.strictObject(sizes).partial()).default({}),
});

export const Config = z.strictObject({
  project: z
    .string()
    .regex(
      /^[a-z][a-z0-9-]{4,28}[a-z0-9]$/,
      'is a project id: 6 to 30 lower-case letters, digits and dashes',
    ),
  region: z.string().regex(/^[a-z]+-[a-z]+\d+$/, 'is a region, such as europe-west1'),
  prefix: z
    .string()
    .regex(
      /^(?!goog)[a-z][a-z0-9-]{2,13}[a-z0-9]$/,
      'is 4 to 15 lower-case letters, digits and dashes, and begins otherwise than goog',
    )
    .default('mesh'),
  protect: z.boolean(),
  functions: Functions,
  firestore: z.strictObject({
    database: z
      .string()
      .regex(
        /^(\(default\)|[a-z][a-z0-9-]{2,61}[a-z0-9])$/,
        'is (default), or 4 to 63 lower-case letters, digits and dashes',
      )
      .default('(default)'),
    location: z.string().optional(),
    pointInTimeRecovery: z.boolean(),
    backups: z
      .strictObject({ dailyDays: z.int().min(1).max(98), weeklyWeeks: z.int().min(1).max(14) })
      .optional(),
  }),
  timers: z
    .strictObject({
      perSecond: z.number().min(1).max(500).default(500),
      concurrent: z.int().min(1).max(5000).default(1000),
    })
    .prefault({}),
  schedules: z.strictObject({ paused: z.boolean().default(false) }).prefault({}),
  secretVersions: z.record(z.string(), z.int().min(1)).default({}),
  settings: z.record(z.string(), z.string()).default({}),
  artifacts: z.strictObject({ keepDays: Days.default(90) }).prefault({}),
  egress: z.discriminatedUnion('mode', [
    z.strictObject({ mode: z.literal('open') }),
    z.strictObject({
      mode: z.literal('restricted'),
      subnet: z
        .string()
        .regex(/^(\d{1,3}\.){3}\d{1,3}\/(1\d|2[0-6])$/, 'is a range of /26 or larger, such as 10.8.0.0/24'),
      allow: z.array(Host).default([]),
      /** `restricted`: Google's APIs that VPC Service Controls know; `private`: the others too, such as Calendar's. */
      apis: z.enum(['restricted', 'private']).default('restricted'),
      flowLogs: z.boolean().default(false),
    }),
  ]),
  alerts: z.strictObject({
    emails: z.array(z.email()).default([]),
    /** Seconds that a message may wait for its effect. */
    oldestMessageSeconds: z.int().min(60).max(86_400).default(600),
    errorRatio: Ratio.default(0.05),
    /** Most milliseconds of handling, for 99 of 100 messages. */
    latencyP99Ms: z.int().min(100).max(540_000).default(10_000),
    /** Most milliseconds of an instance's start, for 99 of 100. */
    coldStartP99Ms: z.int().min(50).max(60_000).default(500),
    /** The share of pushes that are to be answered well over 28 days. */
    availability: z.number().min(0.9).max(0.9999).default(0.995),
  }),
  pagerDutyKey: z.string().min(1).optional(),
  encryption: z
    .strictObject({
      keyPer: z.enum(['mesh', 'tenant']).default('mesh'),
      rotationDays: z.int().min(1).max(36_500).default(90),
    })
    .prefault({}),
  audit: z
    .strictObject({
      services: z
        .array(
          z
            .string()
            .regex(
              /^([a-z0-9-]+\.googleapis\.com|allServices)$/,
              'is a service, such as secretmanager.googleapis.com',
            ),
        )
        .default([]),
      retentionDays: Days.default(400),
      lock: z.boolean().default(false),
    })
    .prefault({}),
  budget: z
    .strictObject({
      billingAccount: z
        .string()
        .regex(/^[0-9A-F]{6}-[0-9A-F]{6}-[0-9A-F]{6}$/, 'is a billing account, such as 012345-6789AB-CDEF01'),
      monthly: z.int().min(1),
      currency: z.string().regex(/^[A-Z]{3}$/, 'is three capital letters'),
    })
    .optional(),
  delivery: z
    .strictObject({
      ownerId: NumericId,
      repositoryId: NumericId,
      /** `owner/name`, as it stands in the subject of the forge's tokens. */
      repository: z.string().regex(/^[\w.-]+\/[\w.-]+$/, 'is owner/name'),
      /** The environment of the forge whose approval a deployment needs. */
      environment: z.string().regex(/^[\w-]+$/),
      stateBucket: z.string().optional(),
    })
    .optional(),
});
export type Config = z.infer<typeof Config>;

const NAMESPACE = 'agent-mesh:';

/**
 * Reads a stack's configuration from what the engine hands over.
 *
 * @param given each key with its namespace; a map or list as JSON
 * @throws MeshError `ConfigurationInvalid`, naming every key that is wrong and what to write instead
 */
export function readConfig(given: Readonly<Record<string, string>>, stack: string): Config {
  const foreign = Object.keys(given).find((key) => key.startsWith('gcp:'));
  if (foreign !== undefined)
    throw wrong(
      foreign,
      `${foreign} is without effect: the program makes its own provider`,
      stack,
      `Remove it from Pulumi.${stack}.yaml; the project and region are ${NAMESPACE}project and ${NAMESPACE}region.`,
    );
  const values: Record<string, unknown> = {};
  for (const [key, text] of Object.entries(given)) {
    if (key.startsWith(NAMESPACE))
      values[key.slice(NAMESPACE.length)] = decode(key.slice(NAMESPACE.length), text);
  }
  const parsed = Config.safeParse(values);
  if (!parsed.success) throw invalid(parsed.error.issues, stack);
  const config = parsed.data;
  checkSizes(config, stack);
  return config;
}

/** A text stays one where the schema wants a text. */
function decode(key: string, text: string): unknown {
  const schema: unknown = Object.hasOwn(Config.shape, key) ? Config.shape[key as keyof Config] : undefined;
  const isText = (each: unknown): boolean =>
    each instanceof z.ZodString ||
    ((each instanceof z.ZodDefault || each instanceof z.ZodOptional) && isText(each.unwrap()));
  if (isText(schema)) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function invalid(issues: readonly z.core.$ZodIssue[], stack: string): MeshError {
  const told = issues.flatMap((issue) => {
    const path = issue.path.join('.');
    if (issue.code === 'unrecognized_keys')
      return issue.keys.map((key) => {
        const field = `${NAMESPACE}${path ? `${path}.` : ''}${key}`;
        return { field, message: `${field} is no key of the configuration` };
      });
    const field = `${NAMESPACE}${path}`;
    return [{ field, message: `${field} ${issue.message.charAt(0).toLowerCase()}${issue.message.slice(1)}` }];
  });
  return wrong(told[0]?.field ?? NAMESPACE, told.map(({ message }) => message).join('; '), stack);
}

/** The error of a configuration that is wrong: which key, and where to put it right. */
export function wrong(field: string, message: string, stack: string, hint?: string): MeshError {
  return new MeshError('ConfigurationInvalid', message, {
    field,
    hint: hint ?? `Correct it in Pulumi.${stack}.yaml; docs/configuration.md tells every key.`,
  });
}

/** Cloud Run's rules for memory and processor (https://docs.cloud.google.com/run/docs/configuring/services/memory-limits, …/cpu). */
const LEAST_MI = 256;
const LEAST_MI_OF_CPU = [
  { cpu: 6, mi: 4096 },
  { cpu: 4, mi: 2048 },
] as const;
const MOST_MI_OF_CPU = [
  { cpu: 0.5, mi: 512 },
  { cpu: 1, mi: 4096 },
  { cpu: 2, mi: 8192 },
  { cpu: 4, mi: 16_384 },
  { cpu: 8, mi: 32_768 },
] as const;

function checkSizes({ functions }: Config, stack: string): void {
  const { agents, ...common } = functions;
  for (const [place, own] of [
    ['functions', {}],
    ...Object.entries(agents).map(([agent, each]) => [`functions.agents.${agent}`, each] as const),
  ] as const) {
    const { memory, cpu, minInstances, maxInstances, concurrency } = { ...common, ...defined(own) };
    const field = (name: string) => `${NAMESPACE}${place}.${name}`;
    const mi = mebibytes(memory);
    const least = LEAST_MI_OF_CPU.find((row) => cpu >= row.cpu)?.mi ?? LEAST_MI;
    const most = MOST_MI_OF_CPU.find((row) => cpu <= row.cpu)?.mi ?? 32_768;
    if (mi < least)
      throw wrong(
        field('memory'),
        `${field('memory')} is ${memory}, which is too small: a function with ${cpu} CPU needs ${least}Mi`,
        stack,
      );
    if (mi > most)
      throw wrong(
        field('memory'),
        `${field('memory')} is ${memory}; with ${cpu} CPU it may be ${most}Mi`,
        stack,
      );
    if (cpu > 1 && ![2, 4, 6, 8].includes(cpu))
      throw wrong(field('cpu'), `${field('cpu')} is ${cpu}; above 1 it may be 2, 4, 6 or 8`, stack);
    if (cpu < 1 && concurrency !== 1)
      throw wrong(
        field('concurrency'),
        `${field('concurrency')} has to be 1 where an instance has less than 1 CPU`,
        stack,
      );
    if (minInstances > maxInstances)
      throw wrong(
        field('minInstances'),
        `${field('minInstances')} is ${minInstances}, more than maxInstances, ${maxInstances}`,
        stack,
      );
  }
}

function mebibytes(memory: string): number {
  return Number.parseInt(memory, 10) * (memory.endsWith('Gi') ? 1024 : 1);
}

/** The sizes of one agent's function. */
export interface Sizes {
  readonly memory: string;
  readonly cpu: number;
  readonly minInstances: number;
  readonly maxInstances: number;
  readonly concurrency: number;
}

/** The sizes of an agent's function: its own, then those of all; its contract's concurrency, unless the stack says otherwise. */
export function sizesOf({ functions }: Config, agent: string, contractConcurrency: number): Sizes {
  const { memory, cpu, minInstances, maxInstances, concurrency, agents } = functions;
  const common = { memory, cpu, minInstances, maxInstances, concurrency: concurrency ?? contractConcurrency };
  return { ...common, ...defined(agents[agent] ?? {}) };
}

function defined<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}
