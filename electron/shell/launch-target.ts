/** What a start of the program asks for: targets, consent and options, from its arguments or a second launch's. */
import * as v from 'valibot';
import type { CowscopeError } from '../../shared/error.ts';
import { CONSENT, MAX_ALLOWED, TARGET } from '../../shared/ipc/schemas.ts';
import type { Consent, OpenTarget } from '../../shared/model/target.ts';
import { absolutePath } from '../chain/absolute-path.ts';
import { targetOf, usageError } from '../service/cli-target.ts';

/** Something to open, and what the person consented to beforehand. */
export interface OpenRequest {
  readonly target: OpenTarget;
  readonly consent: Consent;
  /** Open images that another process has locked; what is read may change meanwhile. */
  readonly forceShare: boolean;
  /** The person gave the address outside the window, so that the key files it names may be read. */
  readonly allowLocalFiles: boolean;
}

/** What a start asks for. Paths are absolute. */
export interface Launch {
  /** Absent: the empty window. */
  readonly open?: OpenRequest;
  readonly theme?: 'light' | 'dark';
  /** Outer size in CSS pixels. */
  readonly windowSize?: { readonly width: number; readonly height: number };
  /** Save the window's picture to this file once everything is drawn, and end. */
  readonly screenshot?: string;
}

/** Exit code of wrong usage. */
export const EXIT_USAGE = 64;

const SIZES = { low: 200, high: 8192 } as const;
const WITH_VALUE = ['--screenshot', '--theme', '--window-size', '--format', '--snapshot', '--allow'] as const;
type ValueOption = (typeof WITH_VALUE)[number];

/** Switches of Chromium and Node that are theirs to read; launchers, debuggers and test tools pass them. */
const FOREIGN =
  /^--(?:no-sandbox|inspect|inspect-brk|remote-debugging-(?:port|pipe)|user-data-dir|lang|password-store|gtk-version|(?:disable|enable|force|ozone|use)-[a-z-]+)(?:=.*)?$|^-psn_/;

/**
 * The words of an argument vector that are meant for us: without the program, and without the folder of the app where
 * Electron was started with one (`process.defaultApp`).
 */
export function launchWords(argv: readonly string[], startedByFolder: boolean): readonly string[] {
  const words = argv.slice(1);
  if (!startedByFolder) return words;
  const folder = words.findIndex(word => !word.startsWith('-'));
  return folder < 0 ? [] : words.slice(folder + 1);
}

/**
 * What the words of a command line ask for. Relative paths start at `folder`, by default the working folder.
 * Throws USAGE for an unknown option, a bad value, or targets that do not go together.
 */
export function parseLaunch(words: readonly string[], folder?: string): Launch {
  const targets: string[] = [];
  const values = new Map<ValueOption, string[]>();
  let allowAll = false;
  let forceShare = false;
  let literal = false;
  for (let at = 0; at < words.length; at++) {
    const word = words[at] as string;
    if (literal || !word.startsWith('-')) targets.push(word);
    else if (word === '--') literal = true;
    else if (word === '--allow-all') allowAll = true;
    else if (word === '--force-share') forceShare = true;
    else if (!FOREIGN.test(word)) {
      const equals = word.indexOf('=');
      const option = WITH_VALUE.find(name => name === (equals < 0 ? word : word.slice(0, equals)));
      if (option === undefined) throw usage(`There is no option ${word}`);
      const value = equals < 0 ? words[++at] : word.slice(equals + 1);
      if (value === undefined || value === '') throw usage(`${option} needs a value`);
      values.set(option, [...(values.get(option) ?? []), value]);
    }
  }
  const last = (option: ValueOption) => values.get(option)?.at(-1);
  const allow = (values.get('--allow') ?? []).map(path => absolutePath(path, folder));
  if (allow.length > MAX_ALLOWED) throw usage(`More than ${MAX_ALLOWED} paths are allowed`);
  const format = formatOf(last('--format'));
  const snapshot = last('--snapshot');
  const facts = {
    ...(format === undefined ? {} : { format }),
    ...(snapshot === undefined ? {} : { snapshot }),
  };
  const target = targets.length === 0 ? undefined : targetOf(targets, facts, folder);
  const theme = last('--theme');
  const size = last('--window-size');
  const screenshot = last('--screenshot');
  if (theme !== undefined && theme !== 'light' && theme !== 'dark') throw usage('--theme is light or dark');
  return {
    ...(target === undefined
      ? {}
      : { open: { target, consent: { allow, allowAll }, forceShare, allowLocalFiles: true } }),
    ...(theme === undefined ? {} : { theme }),
    ...(size === undefined ? {} : { windowSize: sizeOf(size) }),
    ...(screenshot === undefined ? {} : { screenshot: absolutePath(screenshot, folder) }),
  };
}

/** A second launch may be of another version, so fields that this one does not know are left out. */
const REQUEST = v.object({ target: TARGET, consent: CONSENT, forceShare: v.boolean() });

/** What a second launch handed over, checked; undefined when it is not what this version sends. */
export function checkRequest(value: unknown): OpenRequest | undefined {
  const { success, output } = v.safeParse(REQUEST, value);
  return success ? { ...output, allowLocalFiles: true } : undefined;
}

function formatOf(word: string | undefined): 'raw' | 'qcow2' | undefined {
  if (word === undefined || word === 'raw' || word === 'qcow2') return word;
  throw usage('--format is raw or qcow2');
}

function sizeOf(text: string): { readonly width: number; readonly height: number } {
  const [width = 0, height = 0] = /^\d+[x,]\d+$/.test(text) ? text.split(/[x,]/).map(Number) : [];
  if (![width, height].every(side => side >= SIZES.low && side <= SIZES.high)) {
    throw usage(`--window-size is WIDTHxHEIGHT, each from ${SIZES.low} to ${SIZES.high}`);
  }
  return { width, height };
}

function usage(what: string): CowscopeError {
  return usageError(what, 'see cowscope open --help');
}
