import type { ErrorKind } from './error-kind.ts';

/** Errors of what the mesh stands on, of the mesh as a whole, and of its command line. */
export const MESH_ERRORS = {
  // The state of things.
  Conflict: {
    retry: true,
    summary: 'A document changed between being read and being written.',
    hint: 'It is tried again by itself.',
  },
  AlreadyExists: {
    retry: true,
    summary: 'A document that was to be created exists already.',
    hint: 'It is tried again by itself.',
  },
  DocumentTooLarge: {
    retry: false,
    summary: "A document would pass Firestore's limit of 1 MiB.",
    hint: 'Keep less in one state document.',
  },
  StoreRefused: {
    retry: false,
    summary: 'Firestore refuses a request for what is in it.',
    hint: 'Look at the reason that Firestore gives, and correct what the code writes.',
  },
  KeysUnavailable: {
    retry: true,
    summary: 'The keys that payloads are encrypted with can not be asked for.',
    hint: 'The message is deferred. Look whether Cloud KMS is up, the tenant has a key, and the agent may use it.',
  },
  StoreUnavailable: {
    retry: true,
    summary: 'Firestore could not be reached or refused for now.',
    hint: 'It is tried again by itself.',
  },
  BusUnavailable: {
    retry: true,
    summary: 'Pub/Sub could not be reached or refused for now.',
    hint: 'It is tried again by itself.',
  },
  TimersUnavailable: {
    retry: true,
    summary: 'Cloud Tasks could not be reached or refused for now.',
    hint: 'It is tried again by itself.',
  },
  TopicNotFound: {
    retry: true,
    summary: 'A topic that the mesh publishes to does not exist.',
    hint: 'Deploy the topology: pulumi up, or mesh up on your machine.',
  },
  LeaseHeld: {
    retry: true,
    summary: 'Another instance is handling this very message.',
    hint: 'It is delivered again when the lease ends.',
  },
  // The mesh as a whole, and its command line.
  ContractInvalid: {
    retry: false,
    summary: 'A contract breaks a rule.',
    hint: 'Correct the field that is named.',
  },
  DefinitionInvalid: {
    retry: false,
    summary: 'The definition of a workflow breaks a rule.',
    hint: 'Correct the field that is named.',
  },
  ConfigurationInvalid: {
    retry: false,
    summary: 'A setting is missing or malformed.',
    hint: 'Correct the setting that is named.',
  },
  UsageInvalid: { retry: false, summary: 'The command line is not understood.', hint: 'See: mesh --help' },
  BundleInvalid: {
    retry: false,
    summary: 'An agent can not be bundled.',
    hint: 'Correct what is named, and build again.',
  },
  PortInUse: {
    retry: false,
    summary: 'A port that the local mesh needs is taken.',
    hint: 'Stop the other program, or choose another port.',
  },
  DataInUse: {
    retry: false,
    summary: 'A data directory of the local cloud is in use by another process.',
    hint: 'Stop the other process, or name another directory.',
  },
  DataDamaged: {
    retry: false,
    summary: 'A file of a data directory of the local cloud is not what it should be.',
    hint: 'Put the file back from a copy, or move it away: what it held is then not there.',
  },
  MeshNotRunning: { retry: false, summary: 'No mesh is running here.', hint: 'Start one with: mesh up' },
  NotFound: { retry: false, summary: 'There is no such thing.', hint: 'Check the name or the id.' },
  Timeout: {
    retry: false,
    summary: 'What was waited for did not happen in time.',
    hint: 'Wait longer, or look at what holds it up.',
  },
} as const satisfies Record<string, ErrorKind>;
