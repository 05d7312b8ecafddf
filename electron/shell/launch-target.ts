/** What a start of the program asks for: targets, consent and options, from its arguments or a second launch's. */
import * as v from 'valibot';
import { CowscopeError } from '../../shared/error.ts';
import { CONSENT, FOLDERS, MAX_ALLOWED_PATHS, START_VIEW, TARGET } from '../../shared/ipc/schemas.ts';
import { type Arrival, LAUNCH_COMMANDS, type StartView } from '../../shared/model/arrival.ts';
import { MAX_READINGS } from '../../shared/model/inference.ts';
import type { Consent, OpenTarget } from '../../shared/model/target.ts';
import { parseOffset } from '../../shared/text/offset.ts';
import { absolutePath } from '../chain/absolute-path.ts';
import { targetOf, usageError } from '../service/cli-target.ts';
import { isDeepLink, isViewId, parseDeepLink } from './deep-link.ts';
import { MAX_MESSAGE_BYTES, messageBytes } from './ipc/answer.ts';

/** Something to open, and what the person consented to beforehand. */
export interface OpenRequest {
  readonly target: OpenTarget;
  readonly consent: Consent;
  /** Open images that another process has locked; what is read may change meanwhile. */
  readonly forceShare: boolean;
  /** The person gave the address outside the window, so that the key files it names may be read. */
  readonly allowLocalFiles: boolean;
}

/** Something to open that comes from outside the window. */
export interface TargetRequest extends OpenRequest {
  readonly kind: 'target';
  /** Where to look first; by default the whole disk. */
  readonly start?: StartView;
  /** A link named it, which may come from anywhere: the person is asked before it is opened. */
  readonly isLinked?: true;
}

/** What may be asked of the window: to open something, to look into folders, or to begin with a command. */
export type LaunchRequest = TargetRequest | Exclude<Arrival, { kind: 'target' }>;

/** A picture to be saved. */
export interface ScreenshotRequest {
  readonly file: string;
  /** Replace a file that is there. */
  readonly force: boolean;
}

/** What a start asks for. Paths are absolute. */
export interface Launch {
  /** Absent: the empty window. */
  readonly request?: LaunchRequest;
  readonly theme?: 'light' | 'dark';
  /** Outer size in CSS pixels. */
  readonly windowSize?: { readonly width: number; readonly height: number };
  /** Save the window's picture once everything is drawn, and end. */
  readonly screenshot?: ScreenshotRequest;
}

/** Exit code of wrong usage. */
export const EXIT_USAGE = 64;

/** Half of a message to the window: the rest is for its other fields. */
const MAX_TARGET_BYTES = MAX_MESSAGE_BYTES / 2;

const SIZES = { low: 200, high: 8192 } as const;
const WITH_VALUE = [
  '--screenshot',
  '--theme',
  '--window-size',
  '--format',
  '--backing-format',
  '--locate',
  '--snapshot',
  '--infer',
  '--allow',
  '--at',
  '--len',
  '--view',
  '--folder',
  '--begin-with',
] as const;
type ValueOption = (typeof WITH_VALUE)[number];
const WITHOUT_VALUE = ['--allow-all', '--force-share', '--force'] as const;
type Flag = (typeof WITHOUT_VALUE)[number];

/** Switches of Chromium and Node that are theirs to read; launchers, debuggers and test tools pass them. */
const FOREIGN =
  /^--(?:no-sandbox|inspect|inspect-brk|remote-debugging-(?:port|pipe)|user-data-dir|lang|password-store|gtk-version|(?:disable|enable|force|ozone|use)-[a-z-]+)(?:=.*)?$|^-psn_/;

/**
 * The arguments of a command line that are meant for us. Chromium and Node read every argument up to the first `--`,
 * wherever it stands and whatever stands before it.
 *
 * Started by folder (`process.defaultApp`), as our own launcher does it: all that follows the folder and a `--`, so that
 * none of it is a switch to them. Started as a packaged program: all but the switches that are theirs.
 */
export function launchArguments(argv: readonly string[], startedByFolder: boolean): readonly string[] {
  const args = argv.slice(1);
  if (startedByFolder) {
    const folder = args.findIndex(arg => !arg.startsWith('-'));
    if (folder < 0) return [];
    return args.slice(args[folder + 1] === '--' ? folder + 2 : folder + 1);
  }
  const end = args.indexOf('--');
  return args.filter((arg, at) => (end >= 0 && at >= end) || !FOREIGN.test(arg));
}

/**
 * What the arguments of a command line ask for. Relative paths start at `folder`, by default the working folder.
 *
 * A value is joined to its option by `=`, and what begins with a dash is a target after `--` only: so no value is ever a
 * switch to Chromium. Throws USAGE for an unknown option, a missing or bad value, or targets that do not go together, and
 * TARGET_TOO_LARGE.
 */
export function parseLaunch(args: readonly string[], folder?: string): Launch {
  const sortedArguments = sortArguments(args);
  const { values, flags } = sortedArguments;
  const request = requestOf(sortedArguments, folder);
  const last = (option: ValueOption) => values.get(option)?.at(-1);
  const theme = last('--theme');
  const size = last('--window-size');
  const screenshot = last('--screenshot');
  const force = flags.has('--force');
  if (theme !== undefined && theme !== 'light' && theme !== 'dark') throw usage('--theme is light or dark');
  if (force && screenshot === undefined) throw usage('--force belongs to --screenshot');
  if (screenshot !== undefined && request?.kind === 'target' && request.isLinked)
    throw usage('--screenshot takes files or an NBD address, and no link');
  return {
    ...(request === undefined ? {} : { request }),
    ...(theme === undefined ? {} : { theme }),
    ...(size === undefined ? {} : { windowSize: sizeOf(size) }),
    ...(screenshot === undefined ? {} : { screenshot: { file: absolutePath(screenshot, folder), force } }),
  };
}

/** What is to be opened or begun with, if anything. */
function requestOf({ targets, values, flags }: SortedArguments, folder?: string): LaunchRequest | undefined {
  const last = (option: ValueOption) => values.get(option)?.at(-1);
  const folders = values.get('--folder') ?? [];
  const command = last('--begin-with');
  const [link] = targets.filter(isDeepLink);
  if ([targets.length > 0, folders.length > 0, command !== undefined].filter(Boolean).length > 1)
    throw usage('files, --folder and --begin-with do not go together');
  if (folders.length > 0)
    return { kind: 'folders', folders: folders.map(path => absolutePath(path, folder)) };
  if (command !== undefined) return { kind: 'command', command: commandOf(command) };
  if (link !== undefined) return linkRequest(link, targets.length);
  const allow = (values.get('--allow') ?? []).map(path => absolutePath(path, folder));
  if (allow.length > MAX_ALLOWED_PATHS) throw usage(`More than ${MAX_ALLOWED_PATHS} paths are allowed`);
  const format = formatOf(last('--format'), '--format');
  const backingFormat = formatOf(last('--backing-format'), '--backing-format');
  const snapshot = last('--snapshot');
  const infer = last('--infer');
  const facts = {
    ...(format === undefined ? {} : { format }),
    ...(backingFormat === undefined ? {} : { backingFormat }),
    locate: values.get('--locate') ?? [],
    ...(snapshot === undefined ? {} : { snapshot }),
    ...(infer === undefined ? {} : { reading: readingOf(infer) }),
  };
  if (targets.length === 0) return undefined;
  const start = startOf(last('--at'), last('--len'), last('--view'));
  return {
    kind: 'target',
    target: fitting(targetOf(targets, facts, folder)),
    ...(start === undefined ? {} : { start }),
    consent: { allow, allowAll: flags.has('--allow-all') },
    forceShare: flags.has('--force-share'),
    allowLocalFiles: true,
  };
}

/** What a link asks for: its files, with no consent to anything. Throws DEEP_LINK_INVALID, or USAGE where it is not alone. */
export function linkRequest(link: string, targetCount = 1): TargetRequest {
  if (targetCount > 1) throw usage('a link stands alone');
  const { files, start } = parseDeepLink(link);
  return {
    kind: 'target',
    target: fitting(targetOf(files, {})),
    start,
    isLinked: true,
    consent: { allow: [], allowAll: false },
    forceShare: false,
    allowLocalFiles: false,
  };
}

function startOf(at?: string, length?: string, view?: string): StartView | undefined {
  if (at === undefined && view === undefined) {
    if (length !== undefined) throw usage('--len belongs to --at');
    return undefined;
  }
  if (view !== undefined && !isViewId(view)) throw usage('--view is the name of a view, such as chain');
  return {
    ...(at === undefined ? {} : { at: offsetOf(at, '--at') }),
    ...(length === undefined ? {} : { length: offsetOf(length, '--len') }),
    ...(view === undefined ? {} : { view }),
  };
}

function offsetOf(value: string, option: string): number {
  const offset = parseOffset(value);
  if (offset === undefined) throw usage(`${option} is an offset such as 0x50000 or 320K`);
  return offset;
}

function commandOf(value: string): (typeof LAUNCH_COMMANDS)[number] {
  const command = LAUNCH_COMMANDS.find(name => name === value);
  if (command === undefined) throw usage(`--begin-with is one of ${LAUNCH_COMMANDS.join(', ')}`);
  return command;
}

/** Arguments by what they are. */
interface SortedArguments {
  readonly targets: readonly string[];
  readonly values: ReadonlyMap<ValueOption, readonly string[]>;
  readonly flags: ReadonlySet<Flag>;
}

function sortArguments(args: readonly string[]): SortedArguments {
  const end = args.includes('--') ? args.indexOf('--') : args.length;
  const targets: string[] = [];
  const values = new Map<ValueOption, string[]>();
  const flags = new Set<Flag>();
  for (const arg of args.slice(0, end)) {
    const flag = WITHOUT_VALUE.find(name => name === arg);
    const equals = arg.indexOf('=');
    const name = equals < 0 ? arg : arg.slice(0, equals);
    const option = WITH_VALUE.find(known => known === name);
    if (flag !== undefined) flags.add(flag);
    else if (option !== undefined) {
      const value = equals < 0 ? '' : arg.slice(equals + 1);
      if (value === '') throw usage(`${option} needs a value, joined to it: ${option}=…`);
      values.set(option, [...(values.get(option) ?? []), value]);
    } else if (arg.trimStart().startsWith('-'))
      throw usage(`There is no option ${arg}`); // blanks do not count there
    else targets.push(arg);
  }
  targets.push(...args.slice(end + 1));
  return { targets, values, flags };
}

/** A second launch may be of another version, so fields that this one does not know are left out. */
const REQUEST = v.variant('kind', [
  v.object({
    kind: v.literal('target'),
    target: TARGET,
    start: v.exactOptional(START_VIEW),
    isLinked: v.exactOptional(v.literal(true)),
    consent: CONSENT,
    forceShare: v.boolean(),
  }),
  v.object({ kind: v.literal('folders'), folders: FOLDERS }),
  v.object({ kind: v.literal('command'), command: v.picklist(LAUNCH_COMMANDS) }),
]);

/**
 * What a second launch handed over: null for the empty window. Throws HANDOVER_REFUSED for what is no such thing, or
 * TARGET_TOO_LARGE.
 */
export function checkRequest(value: unknown): LaunchRequest | undefined {
  if (value === null) return undefined;
  const result = v.safeParse(REQUEST, value);
  if (result.success) {
    const { output } = result;
    if (output.kind !== 'target') return output;
    return { ...output, target: fitting(output.target), allowLocalFiles: output.isLinked === undefined };
  }
  throw new CowscopeError({
    code: 'HANDOVER_REFUSED',
    what: 'the window that is open already does not understand what it was handed',
    subject: '',
    advice: 'close that window first: it may be of another version',
  });
}

/** The target, where its names fit a message to the window. */
function fitting(target: OpenTarget): OpenTarget {
  if (messageBytes(target, MAX_TARGET_BYTES) <= MAX_TARGET_BYTES) return target;
  throw new CowscopeError({
    code: 'TARGET_TOO_LARGE',
    what: 'the names of these files are longer, all together, than one message to the window holds (256 Ki characters)',
    subject: '',
    advice: 'name fewer files, or shorter paths; cowscope map takes them as they are',
  });
}

function formatOf(value: string | undefined, option: ValueOption): 'raw' | 'qcow2' | undefined {
  if (value === undefined || value === 'raw' || value === 'qcow2') return value;
  throw usage(`${option} is raw or qcow2`);
}

/** Which reading of an image that lost its header or L1 table. */
function readingOf(value: string): number {
  const reading = /^\d{1,2}$/.test(value) ? Number(value) : 0;
  if (reading >= 1 && reading <= MAX_READINGS) return reading;
  throw usage(`--infer is the number of a reading, 1 to ${MAX_READINGS}`);
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
