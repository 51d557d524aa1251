import { join } from 'node:path';
import { type CaptureOptions, captureGraph, runProgram } from '../../infra/preview/capture.ts';

/** A manifest of bundles that nobody built: the graph tells only their hashes. */
const env = { MESH_BUNDLES: join(import.meta.dirname, 'bundles') };

export const STACKS = ['dev', 'staging', 'prod'] as const;

/** Runs the real program of a stack, behind Pulumi's real entry. */
export const capture = (stack: string, options: Partial<CaptureOptions> = {}) =>
  captureGraph({ stack, env, ...options });

/** The same, for a program that is to fail. */
export const attempt = (stack: string, options: Partial<CaptureOptions> = {}) =>
  runProgram({ stack, env, ...options });

/** Running it takes a process of its own, on a machine that may be busy. */
export const PATIENCE_MS = 90_000;
