import type { Palette } from '../output/palette.ts';
import { table } from '../output/table.ts';
import type { Projection } from './projection.ts';

const dollars = (usd: number) => `$${usd.toFixed(2)}`;

/** Large numbers as people say them: 1.28 million, 51.9 billion. */
function amount(quantity: number): string {
  for (const [size, name] of [
    [1e12, 'trillion'],
    [1e9, 'billion'],
    [1e6, 'million'],
  ] as const)
    if (quantity >= size) return `${(quantity / size).toPrecision(3)} ${name}`;
  return Math.round(quantity).toLocaleString('en-US');
}

/** The line items that cost anything or were used, and the sums. */
export function costText({ items, usd, idleUsd, usdPerMillionRuns }: Projection, palette: Palette): string {
  const used = items.filter(({ quantity }) => quantity > 0);
  const lines = table(
    used,
    [
      { title: 'service', value: ({ service }) => service },
      { title: 'item', value: ({ item }) => item },
      { title: 'a month', align: 'right', value: ({ quantity }) => amount(quantity) },
      { title: 'unit', value: ({ unit }) => unit },
      { title: 'dollars', align: 'right', value: (line) => dollars(line.usd) },
      { title: 'price seen', value: ({ seen }) => seen ?? 'not checked' },
    ],
    palette,
  );
  return [
    lines,
    '',
    `${palette.bold('a month')}            ${dollars(usd)}`,
    `idle, a month      ${dollars(idleUsd)}`,
    ...(usdPerMillionRuns > 0
      ? [`a million runs     ${dollars(usdPerMillionRuns)}, what is free not taken off`]
      : []),
    '',
    'List prices of us-central1; network, builds, alerts, backups and providers are not in it.',
  ].join('\n');
}
