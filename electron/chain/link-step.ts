/** One step down a chain: what becomes of the link that a layer records, and the layer that it leads to. */
import { type ErrorRecord, errorRecord } from '../../shared/error.ts';
import { type Finding, makeFinding } from '../../shared/model/finding.ts';
import { type BackingLink, type LinkFix, type LinkStatus, MAX_LAYERS } from '../../shared/model/layer.ts';
import { shellQuote } from '../../shared/text/shell.ts';
import { escapeUntrusted } from '../../shared/text/untrusted-text.ts';
import { parseRecordedName, type RecordedName } from './backing-name.ts';
import { type BytePath, isTextPath, shownPath, toBytePath } from './byte-path.ts';
import {
  backingName,
  type Discovery,
  lostBacking,
  NO_BACKING,
  type RecordedBacking,
  recordedBacking,
} from './discovery.ts';
import { fileBeside, followLink, followLocated, isSameName, type ReachedFile } from './follow-link.ts';
import { formatFix, linkFix } from './link-fix.ts';
import { type DeclaredFormat, openLayer, type SingleLayer } from './open-layer.ts';

/** What became of a link. */
export interface LinkStep {
  readonly backing: BackingLink;
  readonly below?: SingleLayer;
  /**
   * What a JSON description on the way down says to lie below `below`; null: nothing. Absent where none says anything
   * about it.
   */
  readonly described?: RecordedName | null;
  /** About the layer above the link. */
  readonly findings: readonly Finding[];
}

/** A link that was followed, or why it was not. */
type Followed = Awaited<ReturnType<typeof followLink>> & { readonly located?: boolean };

/**
 * Follows the link of one layer. `described` is what a description above says of it, `depth` the number of layers so far,
 * `seen` the identities of their files.
 */
export async function stepDown(
  layer: SingleLayer,
  described: RecordedName | null | undefined,
  { seen, depth }: { seen: Set<string>; depth: number },
  discovery: Discovery,
): Promise<LinkStep> {
  const name = backingName(layer);
  const recorded = recordedBacking(layer);
  const cut = (error: ErrorRecord, resolved = '', findings: readonly Finding[] = []): LinkStep => ({
    backing: { ...recorded, resolved, status: 'cut', error },
    findings,
  });
  if (described !== undefined && contradicts(layer, described))
    return cut(descriptionDiffers(layer, recorded.recorded, described));
  const unknown = lostBacking(layer);
  if (name.length === 0 && (unknown === undefined || discovery.located.length === 0))
    return { backing: unknown ?? NO_BACKING, findings: [] };
  if (depth >= MAX_LAYERS) return cut(tooDeep(layer));

  const { reached, findings, ...link } = await followOrLocate(layer, name, discovery);
  const backing = { ...recorded, ...(await resolvedLink(layer, name, link, recorded)) };
  if (reached === undefined) return { backing, findings };
  if (seen.has(reached.file.identity)) {
    await reached.file.handle.close();
    return cut(loop(link.resolved), link.resolved, findings);
  }
  try {
    const claim: DeclaredFormat =
      unknown === undefined ? claimOf(layer, link, recorded, discovery) : { by: 'person', format: undefined };
    const below = await openLayer(reached, claim, discovery.infer);
    discovery.listed.add(below);
    seen.add(reached.file.identity);
    discovery.open.push(reached);
    const carried =
      described?.kind === 'file' && described.below !== undefined ? described.below : link.below;
    const fix = backing.fix ?? unrecordedFix(layer, link, recorded, below);
    return {
      backing: fix === undefined ? backing : { ...backing, fix },
      below,
      ...(carried === undefined || link.located === true ? {} : { described: carried }),
      findings,
    };
  } catch (error) {
    await reached.file.handle.close();
    const record = errorRecord(error);
    return {
      backing: { ...backing, status: STATUS_OF_ERROR.get(record.code) ?? 'missing', error: record },
      findings,
    };
  }
}

/** What becomes of a link whose file was reached and is no layer, by the code of the reason. */
const STATUS_OF_ERROR: ReadonlyMap<string, LinkStatus> = new Map([
  ['CHAIN_FORMAT_UNSUPPORTED', 'refused'],
  ['CHAIN_TOO_MANY_ENTRIES', 'cut'],
]);

/** Where the recorded link leads to no file that may be opened, the next one that a person chose. */
async function followOrLocate(layer: SingleLayer, name: Uint8Array, discovery: Discovery): Promise<Followed> {
  const followed: Followed =
    name.length === 0
      ? { resolved: '', status: 'missing', format: '', findings: [] } // lost with its header
      : await followLink(name, layer.reached.referrer, { ...discovery, always: 'policy' });
  if (followed.reached !== undefined) return followed;
  const chosen = discovery.located.shift();
  if (chosen === undefined) return followed;
  const { error, below: _, ...rest } = followed;
  const located = await followLocated(chosen, discovery.folders);
  const findings = located.reached === undefined ? [] : [chosenInstead(layer, error, located.reached.path)];
  return { ...rest, ...located, findings: [...rest.findings, ...findings], located: true };
}

function chosenInstead(layer: SingleLayer, error: ErrorRecord | undefined, path: BytePath): Finding {
  const recorded = escapeUntrusted(recordedBacking(layer).recorded);
  const fix = linkFix(layer, path, recordedBacking(layer).recordedFormat);
  return makeFinding({
    code: 'CHAIN_LOCATED',
    severity: 'note',
    what: `${recorded === '' ? 'the name of its backing file is lost, if it has one' : `its backing file ${recorded} was not opened (${error?.what ?? 'no reason is known'})`}; for this session ${escapeUntrusted(shownPath(path))} was chosen in its place, and nothing shows that it is the right one`,
    advice: fix === undefined ? '' : `if it is the right one, record it: ${fix.command}`,
  });
}

/** The link as it is shown, with what can be done about it. */
async function resolvedLink(
  layer: SingleLayer,
  name: Uint8Array,
  { resolved, status, error, format, located }: Omit<Followed, 'reached' | 'findings'>,
  { recordedFormat }: RecordedBacking,
): Promise<Omit<BackingLink, keyof RecordedBacking>> {
  const known = format || recordedFormat;
  if (located === true)
    return {
      resolved,
      status,
      located,
      ...(error === undefined ? {} : { error }),
      ...fixField(linkFix(layer, toBytePath(resolved), known)),
    };
  if (error?.code === 'CHAIN_FILE_MISSING') {
    const beside = await fileBeside(name, layer.reached);
    if (beside === undefined) return { resolved, status, error };
    const fix = linkFix(layer, beside, known);
    return {
      resolved,
      status,
      error: besideError(error, beside, fix),
      beside: shownPath(beside),
      ...fixField(fix),
    };
  }
  const parsed = parseRecordedName(name);
  const isPlain = parsed.kind !== 'file' || parsed.form === 'plain';
  const fix = isPlain || status === 'missing' ? undefined : linkFix(layer, toBytePath(resolved), known);
  return {
    resolved,
    status,
    ...(error === undefined ? {} : { error: withFix(error, fix) }),
    ...fixField(fix),
  };
}

function fixField(fix: LinkFix | undefined): { readonly fix?: LinkFix } {
  return fix === undefined ? {} : { fix };
}

/** A file that is missing, with the one that may be meant. */
function besideError(error: ErrorRecord, beside: BytePath, fix: LinkFix | undefined): ErrorRecord {
  const path = shownPath(beside);
  const open = isTextPath(beside) ? `open it with --locate ${shellQuote(path)}` : 'rename it to open it';
  return {
    ...error,
    what: 'no such file; another one of its name lies beside the image',
    advice: fix === undefined ? open : `${open}; if it is the right one, record it: ${fix.command}`,
  };
}

function withFix(error: ErrorRecord, fix: LinkFix | undefined): ErrorRecord {
  if (fix === undefined) return error;
  return { ...error, advice: `${error.advice}; to record a plain name: ${fix.command}` };
}

/** What is known of the format of the file that a link leads to. */
export function claimOf(
  layer: SingleLayer,
  link: { readonly format: string; readonly resolved: string },
  { recordedFormat }: RecordedBacking,
  { backingFormat }: Discovery,
): DeclaredFormat {
  return {
    by: 'image',
    format: link.format || recordedFormat,
    unrecorded: backingFormat,
    fix: format => formatFix(layer, link.resolved, format)?.command,
  };
}

/** The link is plain and lacks the format alone. */
export function unrecordedFix(
  layer: SingleLayer,
  { format, resolved, located }: Pick<Followed, 'format' | 'resolved' | 'located'>,
  { recordedFormat }: RecordedBacking,
  below: SingleLayer,
) {
  if (format !== '' || recordedFormat !== '') return undefined;
  return located === true
    ? linkFix(layer, below.reached.path, below.format)
    : formatFix(layer, resolved, below.format);
}

/** True where the layer's own link is another one than a description above says. */
function contradicts(layer: SingleLayer, described: RecordedName | null): boolean {
  const name = backingName(layer);
  const own = name.length === 0 ? null : parseRecordedName(name);
  return !isSameName(own, described, layer.reached.referrer.namedFolder);
}

function descriptionDiffers(layer: SingleLayer, own: string, described: RecordedName | null): ErrorRecord {
  const theirs =
    described?.kind === 'file' ? escapeUntrusted(shownPath(described.path)) : (described?.kind ?? 'nothing');
  const ours = own === '' ? 'nothing' : escapeUntrusted(own);
  return {
    code: 'CHAIN_DESCRIPTION_DIFFERS',
    what: `a JSON description in a layer above says that ${theirs} lies below this layer, which itself records ${ours}; qemu takes the description`,
    subject: layer.source.path,
    advice: 'name the files of the chain yourself, base first',
  };
}

function loop(subject: string): ErrorRecord {
  const what = 'the file is already a layer of this chain, so the chain would be a loop';
  return { code: 'CHAIN_LOOP', what, subject, advice: 'correct the recorded name with qemu-img rebase -u' };
}

function tooDeep({ source }: SingleLayer): ErrorRecord {
  const what = `the chain has more than ${MAX_LAYERS} layers and is cut here`;
  return {
    code: 'CHAIN_TOO_DEEP',
    what,
    subject: source.path,
    advice: 'open a lower layer to see what lies below',
  };
}

/** True where two files that were reached are the same. */
export function isSameFile(a: ReachedFile | undefined, b: ReachedFile): boolean {
  return a?.file.identity === b.file.identity;
}
