/** The layers that a person named one by one, base first. Recorded links are compared with that order and never followed. */
import { CowscopeError, type ErrorRecord } from '../../shared/error.ts';
import { type Finding, makeFinding, WHOLE_CHAIN } from '../../shared/model/finding.ts';
import { type BackingLink, MAX_LAYERS } from '../../shared/model/layer.ts';
import { escapeUntrusted } from '../../shared/text/untrusted-text.ts';
import { shownPath } from './byte-path.ts';
import { startsAsCapture } from './captured/starts-as-capture.ts';
import {
  backingName,
  type Discovery,
  type LinkedLayer,
  lostBacking,
  NO_BACKING,
  recordedBacking,
} from './discovery.ts';
import { followLink, openNamed, type ReachedFile } from './follow-link.ts';
import { linkFix } from './link-fix.ts';
import { claimOf, isSameFile } from './link-step.ts';
import { type DeclaredFormat, openLayer, type SingleLayer } from './open-layer.ts';

/**
 * Opens the files as the layers of a chain. Rejects with CHAIN_TOO_DEEP, CHAIN_FILE_TWICE, CHAIN_TOO_MANY_ENTRIES, or
 * what opening a file and its header throws.
 */
export async function layersInGivenOrder(
  files: readonly string[],
  topFormat: 'raw' | 'qcow2' | undefined,
  discovery: Discovery,
): Promise<{ layers: LinkedLayer[]; findings: Finding[] }> {
  const { open } = discovery;
  await openEach(files, discovery);
  const layers: LinkedLayer[] = [];
  const findings: Finding[] = [];
  let claim: DeclaredFormat = { by: 'person', format: topFormat };
  for (const [index, reached] of [...open.entries()].reverse()) {
    const layer = await openLayer(reached, claim, discovery.infer);
    discovery.listed.add(layer);
    const given = await explicitLink(layer, open[index - 1], discovery);
    layers.unshift({ layer, backing: given.backing, findings: [] });
    if (given.contradiction !== '') findings.unshift(orderDiffers(index, given));
    claim = given.below;
  }
  return { layers, findings };
}

async function openEach(files: readonly string[], { folders, open }: Discovery): Promise<void> {
  if (files.length > MAX_LAYERS)
    throw new CowscopeError({
      code: 'CHAIN_TOO_DEEP',
      what: `more than ${MAX_LAYERS} files are named`,
      subject: '',
      advice: 'name fewer',
    });
  const seen = new Set<string>();
  for (const file of files) {
    const reached = await openNamed(file, folders);
    open.push(reached);
    if (seen.has(reached.file.identity))
      throw new CowscopeError({
        code: 'CHAIN_FILE_TWICE',
        what: 'the same file is named twice',
        subject: file,
        advice: 'name each layer once, base first',
      });
    seen.add(reached.file.identity);
    if (await startsAsCapture(reached.file.handle)) throw captureAmongFiles(file);
  }
}

function captureAmongFiles(subject: string): CowscopeError {
  return new CowscopeError({
    code: 'CAPTURE_AMONG_FILES',
    what: 'this is a capture of a whole chain, and no layer of one',
    subject,
    advice: 'open it alone',
  });
}

interface GivenLink {
  readonly backing: BackingLink;
  /** Where the layer itself says otherwise, else empty. */
  readonly contradiction: string;
  /** What is known of the format of the file below. */
  readonly below: DeclaredFormat;
}

/**
 * The link of a layer whose place was given. Where it names that very file, or one that does not exist any more, the
 * format that it records holds for the file below.
 */
async function explicitLink(
  layer: SingleLayer,
  below: ReachedFile | undefined,
  discovery: Discovery,
): Promise<GivenLink> {
  const recorded = recordedBacking(layer);
  const shown = escapeUntrusted(layer.source.path);
  const named = escapeUntrusted(recorded.recorded);
  const name = backingName(layer);
  const byContent: DeclaredFormat = { by: 'person', format: undefined };
  if (below === undefined) {
    if (name.length === 0)
      return { backing: lostBacking(layer) ?? NO_BACKING, contradiction: '', below: byContent };
    const contradiction = `the order given makes ${shown} the base, although it names ${named} as its backing file, which is not opened`;
    const backing: BackingLink = { ...recorded, resolved: '', status: 'cut', error: givenBase(layer) };
    return { backing, contradiction, below: byContent };
  }
  const resolved = shownPath(below.path);
  const backing: BackingLink = { ...recorded, resolved, status: 'opened' };
  const over = `the order given puts ${shown} on ${escapeUntrusted(resolved)}`;
  if (lostBacking(layer) !== undefined) return { backing, contradiction: '', below: byContent };
  if (name.length === 0)
    return { backing, contradiction: `${over}, although it records no backing file`, below: byContent };
  const { reached, ...link } = await followLink(name, layer.reached.referrer, {
    ...discovery,
    always: 'policy',
  });
  await reached?.file.handle.close();
  const claim = claimOf(layer, link, recorded, discovery);
  if (isSameFile(reached, below)) return { backing, contradiction: '', below: claim };
  const format = link.format || recorded.recordedFormat;
  if (link.error?.code !== 'CHAIN_FILE_MISSING')
    return {
      backing,
      contradiction: `${over}, although it names ${named} as its backing file`,
      below: byContent,
    };
  const fix = linkFix(layer, below.path, format);
  return {
    backing: { ...backing, located: true, ...(fix === undefined ? {} : { fix }) },
    contradiction: `${over}, although it names ${named} as its backing file, which does not exist`,
    below: format === '' ? byContent : claim,
  };
}

function orderDiffers(layer: number, { contradiction, backing }: GivenLink): Finding {
  return makeFinding({
    id: `order of layer ${layer}`,
    code: 'CHAIN_ORDER_DIFFERS',
    severity: 'hazard',
    layer: WHOLE_CHAIN,
    what: contradiction,
    advice:
      backing.fix === undefined
        ? 'name the top layer alone to follow the links that are recorded'
        : `record the link if it is right: ${backing.fix.command}`,
  });
}

function givenBase({ source }: SingleLayer): ErrorRecord {
  const what = 'this file was put at the bottom, so its recorded backing file was not opened';
  return {
    code: 'CHAIN_ORDER_GIVEN',
    what,
    subject: source.path,
    advice: 'name that file first, or the top layer alone',
  };
}
