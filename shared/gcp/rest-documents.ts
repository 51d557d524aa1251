import type { Deployment } from '../contract/deployment.ts';
import { EMULATOR_HOST, EMULATOR_PRINCIPAL, type Env, emulatorUrl } from './endpoint.ts';

/** How a document is reached by a plain HTTP request, for code that can't use a client. */
export interface RestDocuments {
  /** Up to the path of the document, without a slash. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /**
   * Answers with a token of the function's account
   * (https://docs.cloud.google.com/compute/docs/access/authenticate-workloads#applications). Left out where none is needed.
   */
  readonly tokenUrl?: string;
}

/** https://firebase.google.com/docs/firestore/reference/rest/v1/projects.databases.documents/patch */
export function restDocuments({ project, database }: Deployment, env: Env): RestDocuments {
  const host = env[EMULATOR_HOST.firestore];
  const base = host ? emulatorUrl(host).origin : 'https://firestore.googleapis.com';
  const url = `${base}/v1/projects/${project}/databases/${database}/documents`;
  if (!host) {
    const metadata = env.GCE_METADATA_HOST ?? 'metadata.google.internal';
    const tokenUrl = `http://${metadata}/computeMetadata/v1/instance/service-accounts/default/token`;
    return { url, headers: {}, tokenUrl };
  }
  const principal = env[EMULATOR_PRINCIPAL];
  const headers = principal ? { 'x-emulator-principal': principal } : { authorization: 'Bearer owner' };
  return { url, headers };
}
