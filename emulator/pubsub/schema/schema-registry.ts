import { createHash } from 'node:crypto';
import type { Clock } from '../../../shared/contract/clock.ts';
import { type Page, type PageRequest, pageOf } from '../../wire/page.ts';
import { StatusError } from '../../wire/status.ts';
import { alreadyExists, notFound, requireProjectName, requireSchemaName } from '../resource-name.ts';
import type { CompiledSchema, Encoding, SchemaType } from './compiled-schema.ts';
import { compileSchema, reasonOf } from './schema.ts';
import { type SchemaSettings, settingsOf } from './schema-settings.ts';

/** One revision of a schema. */
export interface Revision {
  /** Of the schema, without the revision. */
  readonly schema: string;
  readonly revisionId: string;
  readonly type: SchemaType;
  readonly definition: string;
  readonly createMs: number;
  readonly compiled: CompiledSchema;
}

/** Who keeps schemas beyond the process. */
export interface SchemaKeeper {
  /** All the revisions that a schema has now. */
  schema(name: string, revisions: readonly Revision[]): void;
  schemaDeleted(name: string): void;
}

/** What a caller defines. */
export interface Definition {
  readonly type: string;
  readonly definition: string;
}

/** https://cloud.google.com/pubsub/quotas#resource_limits */
const MOST_REVISIONS = 20;
const LARGEST_PAGE = 1000;
/** What the service calls the schema of a topic whose schema was deleted. */
const DELETED_SCHEMA = '_deleted-schema_';

/**
 * The schemas of all projects and their revisions, the oldest first (https://cloud.google.com/pubsub/docs/schemas). A name may go on
 * with `@` and a revision's id. What it throws are `StatusError`s with the service's codes.
 */
export class SchemaRegistry {
  readonly #clock: Clock;
  readonly #onDeleted: (name: string) => void;
  readonly #schemas = new Map<string, Revision[]>();
  readonly #keeper: SchemaKeeper | undefined;
  #made = 0;

  /** `onDeleted` is told of each schema that is gone. */
  constructor(clock: Clock, onDeleted: (name: string) => void = () => {}, keeper?: SchemaKeeper) {
    this.#clock = clock;
    this.#keeper = keeper;
    this.#onDeleted = onDeleted;
  }

  create(parent: string, id: string, definition: Definition): Revision {
    const name = requireSchemaName(`${requireProjectName(parent)}/schemas/${id}`);
    const revision = this.#revise(name, definition);
    if (this.#schemas.has(name)) throw alreadyExists(name);
    this.#schemas.set(name, [revision]);
    this.#keeper?.schema(name, [revision]);
    return revision;
  }

  /** The newest revision, or the one that the name goes on with. */
  get(name: string): Revision {
    const { revisions, revisionId } = this.#find(name);
    const found =
      revisionId === undefined ? revisions.at(-1) : revisions.find((each) => each.revisionId === revisionId);
    if (!found) throw notFound(name);
    return found;
  }

  list(parent: string, page: PageRequest = {}): Page<Revision> {
    const prefix = `${requireProjectName(parent)}/`;
    const newest = [...this.#schemas.values()].flatMap((revisions) => revisions.at(-1) ?? []);
    return pageOf(
      newest.filter(({ schema }) => schema.startsWith(prefix)),
      ({ schema }) => schema,
      page,
      LARGEST_PAGE,
    );
  }

  /** The newest first. */
  listRevisions(name: string, page: PageRequest = {}): Page<Revision> {
    const { revisions } = this.#find(name);
    const rank = (revision: Revision) => String(2e6 - revisions.indexOf(revision));
    return pageOf(revisions, rank, page, LARGEST_PAGE);
  }

  commit(name: string, definition: Definition): Revision {
    const { revisions, schema } = this.#find(name);
    const revision = this.#revise(schema, definition);
    if (revision.type !== revisions[0]?.type) {
      throw new StatusError('INVALID_ARGUMENT', 'The type of a schema cannot be changed by a new revision.');
    }
    return this.#add(revisions, revision);
  }

  /** A new revision that is what an earlier one is. */
  rollback(name: string, revisionId: string): Revision {
    const { revisions, schema } = this.#find(name);
    return this.#add(revisions, this.#revise(schema, this.get(`${schema}@${revisionId}`)));
  }

  /** The name must have a revision. Returns the schema as it now is. */
  deleteRevision(name: string): Revision {
    const { revisions, revisionId } = this.#find(name);
    if (revisionId === undefined) {
      throw new StatusError(
        'INVALID_ARGUMENT',
        'The name must have a revision: projects/P/schemas/S@REVISION.',
      );
    }
    const at = revisions.findIndex((each) => each.revisionId === revisionId);
    if (at === -1) throw notFound(name);
    if (revisions.length === 1) {
      throw new StatusError(
        'FAILED_PRECONDITION',
        'The only revision of a schema cannot be deleted: delete the schema.',
      );
    }
    revisions.splice(at, 1);
    this.#keeper?.schema(revisions[0]?.schema ?? '', revisions);
    return revisions.at(-1) as Revision;
  }

  delete(name: string): void {
    const { schema, revisionId } = this.#find(name);
    if (revisionId !== undefined)
      throw new StatusError('INVALID_ARGUMENT', 'The name must have no revision.');
    this.#drop(schema);
  }

  clear(): void {
    for (const schema of [...this.#schemas.keys()]) this.#drop(schema);
  }

  /** Every schema with its revisions. */
  all(): Iterable<readonly [name: string, revisions: readonly Revision[]]> {
    return this.#schemas;
  }

  /** Takes up a schema as it was kept, in place of one of its name; without revisions there is none. */
  restore(name: string, revisions: readonly Omit<Revision, 'compiled'>[]): void {
    if (revisions.length === 0) {
      this.#schemas.delete(name);
      return;
    }
    const compiled = revisions.map((each) => ({
      ...each,
      compiled: compileSchema(each.type, each.definition),
    }));
    this.#schemas.set(name, compiled);
  }

  has(name: string): boolean {
    return this.#schemas.has(name);
  }

  /** @throws StatusError NOT_FOUND for a schema or a revision that a topic cannot have, INVALID_ARGUMENT for what is no setting. */
  requireSettings(settings: SchemaSettings): SchemaSettings {
    const complete = settingsOf(settings);
    for (const revision of ['', complete.firstRevisionId, complete.lastRevisionId]) {
      if (revision !== undefined) this.get(revision ? `${complete.schema}@${revision}` : complete.schema);
    }
    return complete;
  }

  /** The settings as they are shown: of a schema that was deleted, no name is left. */
  shown(settings: SchemaSettings): SchemaSettings {
    return this.has(settings.schema) ? settings : { ...settings, schema: DELETED_SCHEMA };
  }

  /**
   * The attributes that tell a message's schema, found from the newest revision that the topic takes to the oldest.
   * @throws StatusError INVALID_ARGUMENT where it is of none of them
   */
  attributesOf(settings: SchemaSettings, data: Uint8Array): Readonly<Record<string, string>> {
    const revisions = this.#schemas.get(settings.schema);
    if (!revisions) {
      throw new StatusError(
        'FAILED_PRECONDITION',
        'The schema of the topic was deleted: no message can be published to it.',
      );
    }
    const at = (id: string | undefined) => revisions.findIndex(({ revisionId }) => revisionId === id);
    const first = settings.firstRevisionId === undefined ? 0 : at(settings.firstRevisionId);
    const last = settings.lastRevisionId === undefined ? revisions.length - 1 : at(settings.lastRevisionId);
    let reason = 'the topic takes no revision of its schema';
    for (const revision of revisions.slice(Math.max(0, first), last + 1).reverse()) {
      try {
        revision.compiled.check(data, settings.encoding);
        return {
          googclient_schemaencoding: settings.encoding,
          googclient_schemaname: settings.schema,
          googclient_schemarevisionid: revision.revisionId,
        };
      } catch (error) {
        reason = reasonOf(error);
      }
    }
    throw invalidMessage(reason);
  }

  /** @throws StatusError INVALID_ARGUMENT for bytes that are no message of it. */
  check(schema: CompiledSchema, data: Uint8Array, encoding: Encoding): void {
    try {
      schema.check(data, encoding);
    } catch (error) {
      throw invalidMessage(reasonOf(error));
    }
  }

  #revise(schema: string, { type, definition }: Definition): Revision {
    const compiled = compileSchema(type, definition);
    const revisionId = this.#nextRevisionId(schema);
    return {
      schema,
      revisionId,
      type: type as SchemaType,
      definition,
      createMs: this.#clock.now(),
      compiled,
    };
  }

  /** Not one that the schema has: an earlier process may have counted as far. */
  #nextRevisionId(schema: string): string {
    const revisions = this.#schemas.get(schema) ?? [];
    for (;;) {
      this.#made += 1;
      const id = createHash('sha256').update(`${schema} ${this.#made}`).digest('hex').slice(0, 8);
      if (!revisions.some(({ revisionId }) => revisionId === id)) return id;
    }
  }

  #add(revisions: Revision[], revision: Revision): Revision {
    if (revisions.length >= MOST_REVISIONS) {
      throw new StatusError(
        'RESOURCE_EXHAUSTED',
        `The schema has ${MOST_REVISIONS} revisions, which is the most there can be: delete one first.`,
      );
    }
    revisions.push(revision);
    this.#keeper?.schema(revision.schema, revisions);
    return revision;
  }

  #drop(schema: string): void {
    this.#schemas.delete(schema);
    this.#keeper?.schemaDeleted(schema);
    this.#onDeleted(schema);
  }

  #find(name: string): { schema: string; revisionId: string | undefined; revisions: Revision[] } {
    const [schema = '', revisionId] = name.split('@');
    const revisions = this.#schemas.get(requireSchemaName(schema));
    if (!revisions) throw notFound(schema);
    return { schema, revisionId, revisions };
  }
}

function invalidMessage(reason: string): StatusError {
  return new StatusError('INVALID_ARGUMENT', `The message does not match its schema: ${reason}`);
}
