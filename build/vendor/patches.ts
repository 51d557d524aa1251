import { type Patch, replaceExactly } from './patch.ts';

/** The clients that functions use: file, and the property that holds a client of a mixin. */
const MIXINS = [
  ['@google-cloud/pubsub-api/build/src/v1/publisher_client.js', 'iamClient', 'IamClient'],
  ['@google-cloud/firestore-api/build/src/v1/firestore_client.js', 'locationsClient', 'LocationsClient'],
  ['@google-cloud/tasks/build/cjs/src/v2/cloud_tasks_client.cjs', 'locationsClient', 'LocationsClient'],
  [
    '@google-cloud/secret-manager/build/src/v1/secret_manager_service_client.js',
    'locationsClient',
    'LocationsClient',
  ],
] as const;

/** Each client makes another one, for a service that functions never call, together with itself: now when it is asked for. */
const mixins: readonly Patch[] = MIXINS.map(([file, property, client]) => ({
  file,
  why: `the ${client} is made when it is used`,
  apply: (text) =>
    replaceExactly(
      text,
      `this.${property} = new this._gaxModule.${client}(this._gaxGrpc, opts);`,
      () =>
        `{ let made; Object.defineProperty(this, '${property}', { configurable: true, enumerable: true, ` +
        `get: () => made ??= new this._gaxModule.${client}(this._gaxGrpc, opts), set: (value) => { made = value; } }); }`,
    ),
}));

/** `var a_1 = require("./a"); Object.defineProperty(exports, "A", {… get: function () { return a_1.A; } });` without the first part. */
function lazyReexports(text: string): string {
  return text.replace(
    /^Object\.defineProperty\(exports, "(\w+)", \{ enumerable: true, get: function \(\) \{ return (\w+)\.(\w+); \} \}\);$/gm,
    (whole, name: string, module: string, member: string) => {
      const from = new RegExp(`^var ${module} = require\\("([^"]+)"\\);$`, 'm').exec(text)?.[1];
      return from === undefined
        ? whole
        : `Object.defineProperty(exports, "${name}", { enumerable: true, get: function () { return require("${from}").${member}; } });`;
    },
  );
}

/** Removes the `var x_1 = require("./x");` whose name is nowhere else. */
function withoutUnusedRequires(text: string): string {
  return text.replace(/^var (\w+) = require\("[^"]+"\);\n/gm, (whole, name: string) =>
    [...text.matchAll(new RegExp(`\\b${name}\\b`, 'g'))].length === 1 ? '' : whole,
  );
}

const lazyModule = (name: string, load: string) =>
  `Object.defineProperty(exports, "${name}", { enumerable: true, get: function () { return ${load}; } });`;

const gax: readonly Patch[] = [
  {
    file: 'google-gax/build/src/index.js',
    why: 'what it exports is loaded when it is used: 3 MB of generated messages, the REST transport, the mixins',
    apply(original) {
      let text = replaceExactly(
        original,
        /^const (\w+) = __importStar\(require\("(\.\.\/protos\/\w+)"\)\);\nexports\.\w+ = \w+;$/gm,
        (_all, name = '', from = '') => lazyModule(name, `require("${from}")`),
        3,
      );
      text = replaceExactly(
        text,
        `const fallback = __importStar(require("./fallback"));
exports.fallback = fallback;
exports.protobufFromJSON = fallback.protobufFromJSON;`,
        () =>
          [
            lazyModule('fallback', 'require("./fallback")'),
            lazyModule('protobufFromJSON', 'require("./fallback").protobufFromJSON'),
          ].join('\n'),
      );
      text = replaceExactly(
        text,
        `const operationsClient = __importStar(require("./operationsClient"));`,
        () => '',
      );
      text = replaceExactly(
        text,
        `    return new operationsClient.OperationsClientBuilder(gaxGrpc);`,
        () => `    return new (require("./operationsClient").OperationsClientBuilder)(gaxGrpc);`,
      );
      text = replaceExactly(
        text,
        /^lro\.(SERVICE_ADDRESS|ALL_SCOPES) = operationsClient\.\w+;$/gm,
        (_all, name = '') =>
          `Object.defineProperty(lro, "${name}", { enumerable: true, get: function () { return require("./operationsClient").${name}; } });`,
        2,
      );
      return withoutUnusedRequires(lazyReexports(text));
    },
  },
  {
    file: 'google-gax/build/src/longRunningCalls/longrunning.js',
    why: 'the generated messages of long-running operations are loaded when one is polled',
    apply: (text) =>
      replaceExactly(
        replaceExactly(
          text,
          'const operationProtos = __importStar(require("../../protos/operations"));',
          () => '',
        ),
        /new operationProtos\.google/g,
        () => 'new (require("../../protos/operations").google)',
        2,
      ),
  },
];

const loader: readonly Patch[] = [
  {
    file: '@grpc/proto-loader/build/src/index.js',
    why: 'what it tells of each message by reflection, which takes longer than all else that it does, is made when it is read',
    apply(original) {
      const lists = replaceExactly(
        original,
        `    const descriptorList = root.toDescriptor('proto3').file;
    const bufferList = descriptorList.map(value => Buffer.from(descriptor.FileDescriptorProto.encode(value).finish()));
    for`,
        () => `    let made;
    const bufferList = () => made ??= root.toDescriptor('proto3').file
        .map(value => Buffer.from(descriptor.FileDescriptorProto.encode(value).finish()));
    for`,
      );
      const types = replaceExactly(
        lists,
        /^ {4}const (\w+) = (\w+\.toDescriptor\('proto3'\));\n([^;]*?) {8}type: \1\.\$type\.toObject\(\1, descriptorOptions\),$/gm,
        (_all, name = '', make = '', between = '') =>
          `${between}        get type() { const ${name} = ${make}; return ${name}.$type.toObject(${name}, descriptorOptions); },`,
        2,
      );
      return replaceExactly(
        types,
        'fileDescriptorProtos: fileDescriptors',
        () => 'get fileDescriptorProtos() { return fileDescriptors(); }',
        2,
      );
    },
  },
];

const clients: readonly Patch[] = [
  {
    file: '@google-cloud/tasks/build/cjs/src/v2/cloud_tasks_client.cjs',
    why: 'its JSON files are bundled, instead of being looked for beside it',
    apply: (text) =>
      replaceExactly(
        text,
        /\(0, _jsonHelper\.getJSON\)\(_path\["default"\]\.join\(dirname, ([^)]+)\)\)/g,
        (_all, parts = '') => {
          const path = [...parts.matchAll(/'([^']+)'/g)].map(([, part]) => part).join('/');
          return `require('${path.startsWith('..') ? path : `./${path}`}')`;
        },
        3,
      ),
  },
];

const framework: readonly Patch[] = [
  {
    file: '@google-cloud/functions-framework/build/src/loader.js',
    why: 'the function is in the bundle: it is not looked for among files',
    apply: (text) =>
      replaceExactly(
        text,
        /^async function getUserFunction\(codeLocation, functionTarget, signatureType\) \{$[\s\S]*?^\}$/gm,
        () => `async function getUserFunction(_location, target) {
    const found = function_registry_1.getRegisteredFunction(target);
    if (!found) console.error("Function '" + target + "' is not in this bundle: set FUNCTION_TARGET to the name of its agent, or leave it out.");
    return found ?? null;
}`,
      ),
  },
];

/** Every patch, in the order in which those of one file are applied. */
export const patches: readonly Patch[] = [...mixins, ...gax, ...loader, ...clients, ...framework];
