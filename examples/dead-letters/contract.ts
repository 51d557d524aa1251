/** Every mesh has an agent that records its dead letters: this one has the sample's. */
export { deadLetters } from '../../agents/dead-letters/contract.ts';
