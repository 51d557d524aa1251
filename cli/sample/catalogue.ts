import type { Quantity } from '../../agents/inventory/contract.ts';
import { Dice } from './dice.ts';

export interface Article {
  readonly sku: string;
  readonly name: string;
  /** In minor units, the same number in every currency. */
  readonly price: number;
  /** How often it is bought, against the others. */
  readonly popularity: number;
  /** How many there are to sell. */
  readonly stock: number;
}

export type Catalogue = readonly [Article, ...Article[]];

interface Range {
  readonly code: string;
  readonly kind: string;
  readonly names: readonly string[];
  readonly least: number;
  readonly most: number;
}

const RANGES: readonly Range[] = [
  {
    code: 'MUG',
    kind: 'mug',
    names: ['Harbour', 'Speckled', 'Tall', 'Espresso', 'Camping'],
    least: 790,
    most: 2_490,
  },
  {
    code: 'TEA',
    kind: 'tea, 100 g',
    names: ['Assam', 'Sencha', 'Rooibos', 'Earl Grey', 'Peppermint'],
    least: 490,
    most: 1_490,
  },
  {
    code: 'COF',
    kind: 'coffee, 500 g',
    names: ['House', 'Decaf', 'Ethiopia', 'Colombia', 'Espresso'],
    least: 990,
    most: 2_190,
  },
  {
    code: 'POT',
    kind: 'teapot',
    names: ['Cast-iron', 'Glass', 'Stoneware', 'Travel', 'Enamel'],
    least: 2_490,
    most: 7_900,
  },
  {
    code: 'GRN',
    kind: 'grinder',
    names: ['Hand', 'Burr', 'Travel', 'Conical', 'Workshop'],
    least: 3_900,
    most: 18_900,
  },
  {
    code: 'KET',
    kind: 'kettle',
    names: ['Gooseneck', 'Whistling', 'Electric', 'Copper', 'Stovetop'],
    least: 2_900,
    most: 12_900,
  },
  {
    code: 'FLT',
    kind: 'filter papers, 100',
    names: ['No. 2', 'No. 4', 'Conical', 'Basket', 'Bamboo'],
    least: 290,
    most: 690,
  },
  {
    code: 'BIS',
    kind: 'biscuits, 250 g',
    names: ['Shortbread', 'Ginger', 'Almond', 'Oat', 'Lemon'],
    least: 390,
    most: 890,
  },
];

/** How many articles an order asks for on average: measured on `generateOrders`. */
const PIECES_PER_ORDER = 5.1;
const SCARCE_ARTICLES = 3;
/** There is this much of a scarce article against what will be asked for. */
const SCARCE_SHARE = 0.7;
const AMPLE_SHARE = 3;
/** Even of a scarce article there is enough for the first order. */
const LEAST_STOCK = 6;

/** A shop's catalogue, with stock for so many orders: enough of most, too little of a few. */
export function generateCatalogue({ seed, orders }: { seed: number; orders: number }): Catalogue {
  const dice = new Dice(seed, 'catalogue');
  const drafts = RANGES.flatMap(({ code, kind, names, least, most }) =>
    names.map((name, at) => ({
      sku: `${code}-${String(at + 1).padStart(2, '0')}`,
      name: `${name} ${kind}`,
      price: Math.round(dice.between(least, most) / 10) * 10,
      popularity: 1 / dice.between(1, 10),
    })),
  );
  const all = drafts.reduce((sum, { popularity }) => sum + popularity, 0);
  // The scarce ones are bought often, so that it shows.
  const byPopularity = drafts.toSorted((a, b) => b.popularity - a.popularity || (a.sku < b.sku ? -1 : 1));
  const scarce = new Set(byPopularity.slice(0, SCARCE_ARTICLES));
  const articles = drafts.map((draft) => {
    const wanted = (orders * PIECES_PER_ORDER * draft.popularity) / all;
    const stock = scarce.has(draft) ? wanted * SCARCE_SHARE : wanted * AMPLE_SHARE + 20;
    return { ...draft, stock: Math.max(LEAST_STOCK, Math.round(stock)) };
  });
  return articles as [Article, ...Article[]];
}

const LINES_PER_DELIVERY = 100;

/** The catalogue's stock as inputs of `inventory.restock`. */
export function restocksOf(catalogue: Catalogue): { readonly lines: Quantity[] }[] {
  const lines = catalogue.map(({ sku, stock }) => ({ sku, quantity: stock }));
  return Array.from({ length: Math.ceil(lines.length / LINES_PER_DELIVERY) }, (_, at) => ({
    lines: lines.slice(at * LINES_PER_DELIVERY, (at + 1) * LINES_PER_DELIVERY),
  }));
}
