import type { Order } from '../../agents/orders/contract.ts';
import type { Dice } from './dice.ts';

/**
 * Made-up customers. Phone numbers are from ranges that are kept for fiction, mail addresses from domains that are kept for examples
 * (RFC 2606): none of them can be anybody's.
 */
interface Country {
  readonly code: string;
  readonly currency: string;
  /** Against the others. */
  readonly customers: number;
  readonly cities: readonly [string, ...string[]];
  readonly streets: readonly [string, ...string[]];
  readonly houseFirst: boolean;
  readonly postalCode: (dice: Dice) => string;
  readonly phone: (dice: Dice) => string;
}

const LETTERS = [...'ABCDEFGHJKLMNPRSTUWXY'] as [string, ...string[]];
const GIVEN = [
  'Ada',
  'Amir',
  'Anja',
  'Bela',
  'Carla',
  'Chidi',
  'Dario',
  'Edda',
  'Farid',
  'Greta',
  'Hana',
  'Igor',
  'Ines',
  'Jonas',
  'Kofi',
  'Lena',
  'Luca',
  'Maja',
  'Nils',
  'Noor',
  'Olga',
  'Pavel',
  'Rosa',
  'Samir',
  'Tara',
  'Uma',
  'Vera',
  'Wim',
  'Yuki',
  'Zoe',
] as const;
const FAMILY = [
  'Abendroth',
  'Bellweather',
  'Castellan',
  'Dunmore',
  'Eastlake',
  'Fernside',
  'Goldfinch',
  'Hartwood',
  'Ironmonger',
  'Juniper',
  'Kestrel',
  'Lindqvist',
  'Marchetti',
  'Northgate',
  'Oakenfold',
  'Pemberly',
  'Quillon',
  'Ravenhill',
  'Silverton',
  'Thornbury',
  'Underhill',
  'Valerio',
  'Westerberg',
  'Yarrow',
  'Zeller',
] as const;
const MAIL_DOMAINS = ['example.com', 'example.org', 'example.net'] as const;

const COUNTRIES: readonly [Country, ...Country[]] = [
  {
    code: 'US',
    currency: 'usd',
    customers: 5,
    cities: ['Springfield', 'Riverside', 'Fairview', 'Georgetown', 'Salem'],
    streets: ['Maple Street', 'Oak Avenue', 'Lake Drive', 'Hill Road', 'Park Lane'],
    houseFirst: true,
    postalCode: (dice) => dice.digits(5),
    // 555-0100 to 555-0199 of every area (https://nationalnanpa.com/number_resource_info/555_numbers.html).
    phone: (dice) => `+1${dice.pick(['212', '312', '415', '503', '617'])}55501${dice.digits(2)}`,
  },
  {
    code: 'GB',
    currency: 'gbp',
    customers: 3,
    cities: ['Ashford', 'Bristol', 'Kendal', 'Norwich', 'Whitby'],
    streets: ['Church Lane', 'Mill Road', 'Station Road', 'High Street', 'The Green'],
    houseFirst: true,
    postalCode: (dice) =>
      `${dice.pick(LETTERS)}${dice.pick(LETTERS)}${dice.between(1, 9)} ${dice.between(1, 9)}${dice.pick(LETTERS)}${dice.pick(LETTERS)}`,
    // https://www.ofcom.org.uk/phones-and-broadband/phone-numbers/numbers-for-drama
    phone: (dice) => `+447700900${dice.digits(3)}`,
  },
  {
    code: 'DE',
    currency: 'eur',
    customers: 3,
    cities: ['Bremen', 'Erfurt', 'Kassel', 'Lübeck', 'Trier'],
    streets: ['Lindenstraße', 'Bahnhofstraße', 'Gartenweg', 'Mühlenweg', 'Am Markt'],
    houseFirst: false,
    postalCode: (dice) => `${dice.between(1, 9)}${dice.digits(4)}`,
    // Numbers for media: Bundesnetzagentur, "Rufnummern für Medienproduktionen".
    phone: (dice) => `+491715392${dice.digits(3)}`,
  },
  {
    code: 'FR',
    currency: 'eur',
    customers: 2,
    cities: ['Amiens', 'Dijon', 'Nantes', 'Reims', 'Tours'],
    streets: ['rue des Lilas', 'rue de la Gare', 'avenue du Parc', 'place du Marché', 'chemin Vert'],
    houseFirst: true,
    postalCode: (dice) => `${dice.between(10, 95)}${dice.digits(3)}`,
    // Numbers for audiovisual works: Arcep, decision 2018-0881.
    phone: (dice) => `+3363998${dice.digits(4)}`,
  },
];

/** Nothing is shipped there. */
export const UNDELIVERABLE_COUNTRIES = ['AQ', 'BV', 'HM'] as const;
/** What Twilio's test numbers fail for: no number at all, no mobile phone (https://www.twilio.com/docs/iam/test-credentials). */
export const BAD_PHONES = ['+15005550001', '+15005550009'] as const;

type Person = Pick<Order, 'customer' | 'address' | 'currency'>;

export function makeUpPerson(dice: Dice): Person {
  const country = dice.weighted(COUNTRIES, ({ customers }) => customers);
  const name = [dice.pick(GIVEN), dice.pick(FAMILY)];
  const house = dice.between(1, 120);
  const street = dice.pick(country.streets);
  return {
    customer: {
      name: name.join(' '),
      email: `${name.join('.').toLowerCase()}${dice.between(1, 99)}@${dice.pick(MAIL_DOMAINS)}`,
      phone: country.phone(dice),
    },
    address: {
      street: country.houseFirst ? `${house} ${street}` : `${street} ${house}`,
      city: dice.pick(country.cities),
      postalCode: country.postalCode(dice),
      country: country.code,
    },
    currency: country.currency,
  };
}
