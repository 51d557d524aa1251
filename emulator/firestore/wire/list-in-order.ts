import { StatusError } from '../../wire/status.ts';
import type { Database } from '../database.ts';
import type { Document } from '../document.ts';
import { parseFieldPath } from '../field-path.ts';
import type { Order } from '../query.ts';
import { type ListDocumentsRequest, readConsistency } from './requests.ts';

const DEFAULT_PAGE = 300;

/**
 * A page of a collection in a given order. Its token holds the time of the first page: the pages are of one moment, so that none
 * repeats or skips a document.
 */
export async function listInOrder(
  database: Database,
  parent: string,
  request: ListDocumentsRequest,
  signal: AbortSignal,
): Promise<{ documents: readonly Document[]; nextPageToken: string }> {
  const { collectionId, pageSize = 0, pageToken = '', orderBy = '' } = request;
  if (pageSize < 0) throw invalid('page_size must not be negative.');
  const size = pageSize || DEFAULT_PAGE;
  const { readTime, offset } = readToken(pageToken);
  const query = { scope: { parent, collectionId }, orderBy: readOrders(orderBy), offset, limit: size + 1 };
  const read = readConsistency(request, signal);
  const page = await database.query(query, readTime === undefined ? read : { ...read, readTime });
  const more = page.documents.length > size;
  return {
    documents: page.documents.slice(0, size),
    nextPageToken: more ? Buffer.from(`${page.readTime}.${offset + size}`).toString('base64url') : '',
  };
}

function readToken(token: string): { readTime: number | undefined; offset: number } {
  if (token === '') return { readTime: undefined, offset: 0 };
  const [, readTime, offset] = /^(\d+)\.(\d+)$/.exec(Buffer.from(token, 'base64url').toString()) ?? [];
  if (readTime === undefined) throw invalid('page_token is not one that this list has given.');
  return { readTime: Number(readTime), offset: Number(offset) };
}

/** `priority desc, __name__` */
function readOrders(text: string): Order[] {
  return text.split(',').map((part) => {
    const [, field, direction = 'asc'] = /^(\S+)(?:\s+(asc|desc))?$/i.exec(part.trim()) ?? [];
    if (field === undefined) throw invalid(`Invalid order_by clause "${part.trim()}".`);
    return { field: parseFieldPath(field), direction: direction.toLowerCase() === 'desc' ? 'desc' : 'asc' };
  });
}

function invalid(message: string): StatusError {
  return new StatusError('INVALID_ARGUMENT', message);
}
