/** Why an error happened, in a form for programs (https://google.aip.dev/193#errorinfo). */
export interface ErrorInfo {
  readonly reason: string;
  readonly domain: string;
  readonly metadata: Readonly<Record<string, string>>;
}

const ERROR_INFO_TYPE = 'type.googleapis.com/google.rpc.ErrorInfo';

/**
 * `google.rpc.Status` with one `ErrorInfo`, encoded: the value of gRPC's `grpc-status-details-bin`. Written by hand, because
 * the clients' protocol definitions do not hold these messages.
 */
export function encodeErrorDetails(code: number, message: string, info: ErrorInfo): Buffer {
  const metadata = Object.entries(info.metadata).map(([key, value]) =>
    bytesField(3, Buffer.concat([textField(1, key), textField(2, value)])),
  );
  const errorInfo = Buffer.concat([textField(1, info.reason), textField(2, info.domain), ...metadata]);
  const any = Buffer.concat([textField(1, ERROR_INFO_TYPE), bytesField(2, errorInfo)]);
  return Buffer.concat([Buffer.from([0x08]), varint(code), textField(2, message), bytesField(3, any)]);
}

function textField(number: number, text: string): Buffer {
  return bytesField(number, Buffer.from(text));
}

function bytesField(number: number, bytes: Buffer): Buffer {
  return Buffer.concat([varint((number << 3) | 2), varint(bytes.length), bytes]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 0x80) return Buffer.from([...bytes, rest]);
    bytes.push((rest & 0x7f) | 0x80);
  }
}
