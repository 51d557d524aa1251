import { parseAst } from 'vitest/node';

/** How a module asks for another: loaded with it, on demand, or for its types alone (erased, never loaded). */
export type ImportKind = 'value' | 'dynamic' | 'type';

/** One import or re-export, as written. */
export interface ImportSite {
  /** Undefined where it is computed. */
  readonly specifier: string | undefined;
  readonly kind: ImportKind;
  /** 1-based. */
  readonly line: number;
}

/**
 * Every import of a module: `import`, `import type`, `export … from`, `import()`, the type `import('…')`
 * and `require()`.
 *
 * @param source TypeScript
 * @throws SyntaxError where it is none
 */
export function importsOf(source: string): ImportSite[] {
  const sites: ImportSite[] = [];
  visit(parseAst(source, { lang: 'ts' }), (node) => {
    const kind = kindOf(node);
    if (kind === undefined) return;
    const start = typeof node.start === 'number' ? node.start : 0;
    sites.push({ specifier: specifierOf(node), kind, line: source.slice(0, start).split('\n').length });
  });
  return sites;
}

type Node = Readonly<Record<string, unknown>>;

/**
 * `import { type A } from 'x'` is a value import: under `verbatimModuleSyntax` it still loads x, which only `import type`
 * does not.
 */
function kindOf(node: Node): ImportKind | undefined {
  switch (node.type) {
    case 'ImportDeclaration':
      return node.importKind === 'type' ? 'type' : 'value';
    case 'ExportAllDeclaration':
      return node.exportKind === 'type' ? 'type' : 'value';
    case 'ExportNamedDeclaration':
      if (!node.source) return undefined;
      return node.exportKind === 'type' ? 'type' : 'value';
    case 'ImportExpression':
      return 'dynamic';
    case 'TSImportType':
      return 'type';
    case 'CallExpression':
      return isRequire(node.callee) ? 'value' : undefined;
    default:
      return undefined;
  }
}

function isRequire(callee: unknown): boolean {
  return isNode(callee) && callee.type === 'Identifier' && callee.name === 'require';
}

/** What the node imports, if it is written out: a string, or a template without placeholders. */
function specifierOf(node: Node): string | undefined {
  const source = node.type === 'CallExpression' ? first(node.arguments) : node.source;
  if (!isNode(source)) return undefined;
  if (typeof source.value === 'string') return source.value;
  if (source.type !== 'TemplateLiteral' || first(source.expressions) !== undefined) return undefined;
  const text = first(source.quasis);
  return isNode(text) && isNode(text.value) && typeof text.value.cooked === 'string'
    ? text.value.cooked
    : undefined;
}

function first(list: unknown): unknown {
  return Array.isArray(list) ? list[0] : undefined;
}

function visit(value: unknown, onNode: (node: Node) => void): void {
  if (Array.isArray(value)) {
    for (const item of value) visit(item, onNode);
  } else if (isNode(value)) {
    onNode(value);
    for (const child of Object.values(value)) visit(child, onNode);
  }
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null;
}
