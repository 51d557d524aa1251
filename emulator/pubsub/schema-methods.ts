import { StatusError } from '../wire/status.ts';
import { toProtoTime } from '../wire/time.ts';
import type { Fields } from './fields.ts';
import { type Methods, onField, readPage, required, writePage } from './methods.ts';
import { compileSchema, requireEncoding } from './schema/schema.ts';
import type { Definition, Revision } from './schema/schema-registry.ts';

/** google.pubsub.v1.SchemaService */
export const schemaMethods: Methods = {
  CreateSchema: {
    needs: onField('pubsub.schemas.create', 'parent'),
    serve: (broker, request) =>
      writeRevision(
        broker.schemas.create(request.text('parent'), request.text('schemaId'), definitionOf(request)),
      ),
  },
  GetSchema: {
    needs: onSchema('pubsub.schemas.get'),
    // A view that is not given is the full one here, and the basic one in lists.
    serve: (broker, request) =>
      writeRevision(broker.schemas.get(request.text('name')), request.text('view') !== 'BASIC'),
  },
  ListSchemas: {
    needs: onField('pubsub.schemas.list', 'parent'),
    serve: (broker, request) =>
      writePage('schemas', broker.schemas.list(request.text('parent'), readPage(request)), (schema) =>
        writeRevision(schema, request.text('view') === 'FULL'),
      ),
  },
  ListSchemaRevisions: {
    needs: onSchema('pubsub.schemas.listRevisions'),
    serve: (broker, request) =>
      writePage('schemas', broker.schemas.listRevisions(request.text('name'), readPage(request)), (schema) =>
        writeRevision(schema, request.text('view') === 'FULL'),
      ),
  },
  CommitSchema: {
    needs: onSchema('pubsub.schemas.commit'),
    serve: (broker, request) =>
      writeRevision(broker.schemas.commit(request.text('name'), definitionOf(request))),
  },
  RollbackSchema: {
    needs: onSchema('pubsub.schemas.rollback'),
    serve: (broker, request) =>
      writeRevision(broker.schemas.rollback(request.text('name'), request.text('revisionId'))),
  },
  DeleteSchemaRevision: {
    needs: onSchema('pubsub.schemas.delete'),
    serve(broker, request) {
      const name = request.text('name');
      const revisionId = request.text('revisionId');
      const named = revisionId && !name.includes('@') ? `${name}@${revisionId}` : name;
      return writeRevision(broker.schemas.deleteRevision(named));
    },
  },
  DeleteSchema: {
    needs: onSchema('pubsub.schemas.delete'),
    serve(broker, request) {
      broker.schemas.delete(request.text('name'));
      return {};
    },
  },
  ValidateSchema: {
    needs: onField('pubsub.schemas.validate', 'parent'),
    serve(_broker, request) {
      const { type, definition } = definitionOf(request);
      compileSchema(type, definition);
      return {};
    },
  },
  ValidateMessage: {
    needs: onField('pubsub.schemas.validate', 'parent'),
    serve({ schemas }, request) {
      const name = request.text('name');
      const { type, definition } = name ? { type: '', definition: '' } : definitionOf(request);
      const schema = name ? schemas.get(name).compiled : compileSchema(type, definition);
      const encoding = requireEncoding(request.text('encoding'));
      schemas.check(schema, request.bytes('message') ?? new Uint8Array(), encoding);
      return {};
    },
  },
};

/** On the schema, whatever the revision. */
function onSchema(permission: string): Methods[string]['needs'] {
  return (request) => [[permission, request.text('name').split('@')[0] ?? '']];
}

function definitionOf(request: Fields): Definition {
  const schema = required(request, 'schema');
  if (schema.text('definition') === '') {
    throw new StatusError('INVALID_ARGUMENT', 'The definition of the schema is missing in the request.');
  }
  return { type: schema.text('type'), definition: schema.text('definition') };
}

function writeRevision({ schema, type, definition, revisionId, createMs }: Revision, full = true) {
  return {
    name: schema,
    type,
    ...(full && { definition }),
    revisionId,
    revisionCreateTime: toProtoTime(createMs),
  };
}
