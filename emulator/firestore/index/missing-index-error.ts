import { StatusError } from '../../wire/status.ts';
import type { PreparedQuery } from '../prepared-query.ts';
import type { IndexCatalog } from './catalog.ts';
import type { IndexedField, QueryScope } from './definition.ts';
import { type MissingIndex, missingIndex } from './requirement.ts';

/** @throws StatusError FAILED_PRECONDITION when production would refuse the query for want of an index */
export function checkIndexed(database: string, query: PreparedQuery, catalog: IndexCatalog): void {
  const missing = missingIndex(query, catalog);
  if (missing) throw missingIndexError(database, missing);
}

/** As production says it, with the link that would make the index. `database` is `projects/{project}/databases/{database}`. */
function missingIndexError(database: string, missing: MissingIndex): StatusError {
  const [, project = '', , id = ''] = database.split('/');
  const group = `${database}/collectionGroups/${missing.collectionGroup}`;
  const place = id === '(default)' ? 'firestore' : `firestore/databases/${id}`;
  const console = `https://console.firebase.google.com/v1/r/project/${project}/${place}/indexes`;
  if (missing.kind === 'single') {
    const { queryScope, collectionGroup, fieldPath } = missing;
    const link = encodeIndex(`${group}/fields/${fieldPath}`, queryScope, [missing]);
    return precondition(
      `The query requires a ${queryScope}_${modeOf(missing)} index for collection ${collectionGroup} and field ` +
        `${fieldPath}. You can create it here: ${console}?create_exemption=${link}`,
    );
  }
  if (missing.fields.some(({ vectorConfig }) => vectorConfig))
    return missingVectorError(project, id, missing);
  const link = encodeIndex(`${group}/indexes/_`, missing.queryScope, missing.fields);
  return precondition(
    `The query requires an index. You can create it here: ${console}?create_composite=${link}`,
  );
}

function missingVectorError(
  project: string,
  database: string,
  { collectionGroup, queryScope, fields }: Extract<MissingIndex, { kind: 'composite' }>,
): StatusError {
  const configs = fields.map(({ fieldPath, order, arrayConfig, vectorConfig }) => {
    if (vectorConfig)
      return `--field-config=vector-config='{"dimension":"${vectorConfig.dimension}","flat": "{}"}',field-path=${fieldPath}`;
    return order
      ? `--field-config=order=${order},field-path=${fieldPath}`
      : `--field-config=array-config=${arrayConfig},field-path=${fieldPath}`;
  });
  return precondition(
    'Missing vector index configuration. Please create the required index with the following gcloud command: ' +
      `gcloud firestore indexes composite create --project=${project} --database='${database}' ` +
      `--collection-group=${collectionGroup} --query-scope=${queryScope} ${configs.join(' ')}`,
  );
}

function modeOf({ order, arrayConfig }: Pick<IndexedField, 'order' | 'arrayConfig'>): string {
  return arrayConfig ?? (order === 'DESCENDING' ? 'DESC' : 'ASC');
}

function precondition(message: string): StatusError {
  return new StatusError('FAILED_PRECONDITION', message);
}

/** google.firestore.admin.v1.Index, encoded by hand: the links hold it in base64. */
function encodeIndex(name: string, scope: QueryScope, fields: readonly IndexedField[]): string {
  const parts = fields.map(({ fieldPath, order, arrayConfig }) =>
    bytesField(
      3,
      Buffer.concat([
        bytesField(1, Buffer.from(fieldPath)),
        arrayConfig ? enumField(3, 1) : enumField(2, order === 'DESCENDING' ? 2 : 1),
      ]),
    ),
  );
  const index = [bytesField(1, Buffer.from(name)), enumField(2, scope === 'COLLECTION' ? 1 : 2), ...parts];
  return Buffer.concat(index).toString('base64url');
}

function enumField(number: number, value: number): Buffer {
  return Buffer.from([number << 3, value]);
}

function bytesField(number: number, bytes: Buffer): Buffer {
  const length: number[] = [];
  for (let rest = bytes.length; ; rest >>>= 7) {
    if (rest < 0x80) {
      length.push(rest);
      return Buffer.concat([Buffer.from([(number << 3) | 2, ...length]), bytes]);
    }
    length.push((rest & 0x7f) | 0x80);
  }
}
