import type { Row } from '../row.ts';
import { deliveryRows } from './delivery-rows.ts';
import { pullingRows } from './pulling-rows.ts';
import { pushRows } from './push-rows.ts';
import { resourceRows } from './resource-rows.ts';
import { settingsRows } from './settings-rows.ts';
import type { PubSubWorld } from './world.ts';

/** What the documents of Pub/Sub say, as far as a client can see it. */
export const pubsubRows: readonly Row<PubSubWorld>[] = [
  ...deliveryRows,
  ...pullingRows,
  ...pushRows,
  ...resourceRows,
  ...settingsRows,
];
