import type { Contract } from '../contract/agent.ts';
import { MeshError } from '../contract/errors.ts';
import type { Handlers } from './handler.ts';

/** Messages of the contract without a handler, and handlers without a message: each is one `ContractInvalid`. */
export function handlerProblems(contract: Contract, handlers: Handlers): MeshError[] {
  const wanted = [
    ...Object.keys(contract.commands),
    ...Object.keys(contract.subscribes),
    ...(contract.recordsDeadLetters ? ['deadLetter'] : []),
  ];
  const agent = `agent ${JSON.stringify(contract.name)}`;
  const problem = (name: string, message: string, hint: string) =>
    new MeshError('ContractInvalid', `${agent} ${message}`, { field: `handlers.${name}`, hint });
  return [
    ...wanted
      .filter((name) => handlers[name] === undefined)
      .map((name) =>
        problem(
          name,
          `has no handler for ${JSON.stringify(name)}`,
          'Add the handler, or take the message out of the contract.',
        ),
      ),
    ...Object.keys(handlers)
      .filter((name) => !wanted.includes(name))
      .map((name) =>
        problem(
          name,
          `has a handler ${JSON.stringify(name)}, but no message of that name`,
          'Add the message to the contract, or take the handler out.',
        ),
      ),
  ];
}
