/**
 * A report as one HTML file without scripts: it loads nothing and can be opened anywhere. It is well-formed XML too, and
 * every text in it is content, never markup.
 */
import { legendOf, legendOfGuest } from '../../../shared/legend.ts';
import type { CheckStep, LayerCheck } from '../../../shared/model/check.ts';
import { type Finding, LIKELY_CAUSE, WHOLE_CHAIN } from '../../../shared/model/finding.ts';
import type { BackingLink, LayerInfo, LinkStatus } from '../../../shared/model/layer.ts';
import {
  asSentence,
  evidenceText,
  findingGuestText,
  findingSentence,
} from '../../../shared/text/finding-text.ts';
import { divisionText, findingPartitions, partitionRows } from '../../../shared/text/guest/partition-text.ts';
import { inferredText } from '../../../shared/text/inference-text.ts';
import { formatCount, formatOffset, formatShare, formatSize } from '../../../shared/text/offset.ts';
import { NOT_KNOWN, totalRows } from '../map-text.ts';
import { htmlFigures, htmlProse, htmlTable, htmlText } from './html-parts.ts';
import type { Report, ReportPictures } from './report.ts';
import { planHtml } from './report-plan.ts';

/** Pieces of evidence of one finding that are shown; the JSON has all. */
const SHOWN_EVIDENCE = 6;

const STYLE = `
:root { color-scheme: light dark; --ground: #ffffff; --ink: #1f1f1f; --line: #d4d4d4; --quiet: #595959; --bad: #a8071a; --warn: #874d00; --good: #135200; }
@media (prefers-color-scheme: dark) { :root { --ground: #141414; --ink: #e8e8e8; --line: #444; --quiet: #a6a6a6; --bad: #ff9c9c; --warn: #ffd591; --good: #b7eb8f; } }
body { background: var(--ground); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; max-width: 1240px; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin: 0 0 .5rem; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
h3 { font-size: 1rem; margin: 1.25rem 0 .25rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
code, pre { font: 13px/1.45 ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; margin: .25rem 0; }
.quiet { color: var(--quiet); }
.corrupt, .corruption { color: var(--bad); font-weight: 600; }
.incomplete, .hazard { color: var(--warn); font-weight: 600; }
.leaks, .leak { color: var(--warn); }
.clean { color: var(--good); font-weight: 600; }
figure { margin: 0; overflow-x: auto; }
.dark { display: none; }
@media (prefers-color-scheme: dark) { .light { display: none; } .dark { display: block; } }
@media print { .light { display: block; } .dark { display: none; } }
`;

/** The pieces of the document, one after the other. */
export function* reportHtml(report: Report, pictures: ReportPictures): Generator<string> {
  const title = report.chain.layers
    .map(({ name }) => name)
    .reverse()
    .join(' over ');
  yield `<!DOCTYPE html>
<html lang="en" xmlns="http://www.w3.org/1999/xhtml">
<head>
<meta charset="utf-8"/>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<title>${htmlText(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${htmlText(title)}</h1>
`;
  yield summary(report);
  yield picture(pictures);
  yield* findings(report);
  yield partitions(report);
  yield* planHtml(report, pictures);
  yield checks(report);
  yield totals(report);
  yield layers(report.chain.layers);
  yield about(report);
  yield '</main>\n</body>\n</html>\n';
}

function summary({ chain, check, findings: found, unread }: Report): string {
  const counts = (['corruption', 'hazard', 'leak', 'note'] as const).flatMap(severity => {
    const count = found.filter(finding => finding.severity === severity).length;
    return count === 0 ? [] : [`${count} ${severity}${count === 1 ? '' : 's'}`];
  });
  const verdict =
    check === undefined
      ? 'not checked: an export shows no tables'
      : `<strong class="${check.verdict}">${check.verdict}</strong>`;
  const lines = [
    `Verdict: ${verdict}. ${counts.length === 0 ? 'No findings.' : `Findings: ${counts.join(', ')}.`}`,
    `${chain.layers.length} ${chain.layers.length === 1 ? 'layer' : 'layers'}, ${formatSize(chain.size)} for the guest.`,
    ...inferredLines(chain.layers),
    ...(chain.complete ? [] : ['The chain is incomplete: what lies below its lowest layer is not known.']),
  ];
  const missing =
    unread.length === 0
      ? ''
      : `<h2>Not read</h2>\n<ul>\n${unread.map(what => `<li>${htmlText(what)}</li>`).join('\n')}\n</ul>\n`;
  return `${lines.map(line => `<p>${line}</p>`).join('\n')}\n${missing}`;
}

/** Which parts of the layers are inferred, and how sure that is. */
function inferredLines(all: readonly LayerInfo[]): string[] {
  const inferred = inferredText(all);
  return inferred === '' ? [] : [`<strong>${htmlText(asSentence(inferred))}</strong>`];
}

function picture({ light, dark }: ReportPictures): string {
  return `<h2>The chain along the guest's offsets</h2>\n${htmlFigures(light, dark)}`;
}

function* findings({ chain, findings: found, guest: disk }: Report): Generator<string> {
  yield '<h2>Findings</h2>\n';
  if (found.length === 0) yield '<p>Nothing was found.</p>\n';
  for (const finding of found) {
    const layer = finding.layer === WHOLE_CHAIN ? 'the chain' : (chain.layers[finding.layer]?.name ?? '');
    const clusterSize = chain.layers[finding.layer]?.clusterSize ?? 1;
    const places = disk === undefined ? '' : findingPartitions(finding, disk, clusterSize);
    yield `<section>
<h3><span class="${finding.severity}">${finding.severity}</span> ${htmlText(layer)}: ${htmlText(findingSentence(finding))}</h3>
<p class="quiet"><code>${htmlText(finding.code)}</code>${guest(finding)}${places === '' ? '' : `, ${htmlText(places)}`}${finding.count > 1 ? `, ${formatCount(finding.count)} places` : ''}</p>
${cause(finding, found)}${finding.advice === '' ? '' : `<p>${htmlProse(asSentence(finding.advice))}</p>\n`}${evidence(finding)}</section>
`;
  }
}

function cause({ layer, code, causedBy }: Finding, all: readonly Finding[]): string {
  const first = all.find(finding => finding.layer === layer && finding.id === causedBy);
  const link = code === LIKELY_CAUSE ? 'On how this came about' : 'Follows from';
  return first === undefined ? '' : `<p>${link}: ${htmlText(findingSentence(first))}</p>\n`;
}

function guest(finding: Finding): string {
  const where = findingGuestText(finding);
  return where === '' ? '' : `, ${htmlText(where)}`;
}

function evidence({ evidence: values }: Finding): string {
  if (values.length === 0) return '';
  const lines = values.slice(0, SHOWN_EVIDENCE).map(piece => htmlText(evidenceText(piece)));
  const left = values.length - lines.length;
  if (left > 0) lines.push(`and ${left} more`);
  return `<pre>${lines.join('\n')}</pre>\n`;
}

/** The guest's partitions, and what lies between them. */
function partitions({ guest: disk }: Report): string {
  if (disk === undefined) return '';
  const rows = partitionRows(disk).map(({ number, start, length, what }) => [
    number,
    what,
    formatOffset(start),
    formatSize(length),
  ]);
  const head = ['Number', 'What it holds', 'Start', 'Size'];
  const division = `<p>${htmlText(asSentence(divisionText(disk)))}</p>\n`;
  return rows.length === 0
    ? `<h2>Partitions of the guest</h2>\n${division}`
    : `${htmlTable('Partitions of the guest', head, rows, 2)}${division}`;
}

function checks({ chain, check }: Report): string {
  if (check === undefined) return '';
  const rows = check.layers.flatMap((layer: LayerCheck) =>
    layer.steps.map(step => [chain.layers[layer.layer]?.name ?? '', step.name, stepText(step)]),
  );
  return htmlTable(
    'What was checked',
    ['layer', 'check', ''],
    [...rows, ...check.steps.map(step => ['the chain', step.name, stepText(step)])],
  );
}

function stepText({ done, why }: CheckStep): string {
  if (done) return why === '' ? 'done' : `done, but ${why}`;
  return `not done: ${why}`;
}

function totals(report: Report): string {
  const { chain, totals: sums } = report;
  const size = Math.max(
    1,
    sums.states.reduce((all, bytes) => all + bytes, 0),
  );
  const rows = totalRows(chain, legendOfGuest(legendOf(report)), sums, undefined).map(([label, bytes]) => [
    label,
    bytes === undefined ? NOT_KNOWN : formatSize(bytes),
    bytes === undefined ? '' : formatShare(bytes / size),
  ]);
  return htmlTable('What the guest reads', ['', 'bytes', 'share'], rows, 1);
}

function layers(all: readonly LayerInfo[]): string {
  const rows = all
    .toReversed()
    .map(({ index, path, format, size, qcow2, backing, dataFile }) => [
      String(index),
      path,
      qcow2 === undefined
        ? format
        : `${format} version ${qcow2.version}, clusters of ${formatSize(qcow2.clusterSize)}`,
      formatSize(size),
      qcow2 === undefined
        ? ''
        : [list('snapshots', qcow2.snapshots), list('bitmaps', qcow2.bitmaps)].filter(Boolean).join('; '),
      [linkText('', backing), linkText('data in ', dataFile)].filter(Boolean).join('; '),
    ]);
  return htmlTable('Layers, top first', ['', 'file', 'format', 'virtual size', 'holds', 'rests on'], rows);
}

const LINK_STATUSES: Readonly<Record<LinkStatus, string>> = {
  opened: '',
  none: '',
  missing: ' (missing)',
  needsConsent: ' (not opened without consent)',
  cut: ' (not followed)',
  refused: ' (never followed)',
};

/** A link as it is recorded, and what became of it. */
function linkText(what: string, link: BackingLink | undefined): string {
  if (link === undefined || link.status === 'none') return '';
  const { recorded, recordedFormat, status, located } = link;
  const name = recorded === '' ? 'no name' : recorded;
  const as = recordedFormat === '' ? '' : `, as ${recordedFormat}`;
  return `${what}${name}${as}${LINK_STATUSES[status]}${located === true ? ' (another file was chosen)' : ''}`;
}

function list(what: string, named: readonly { readonly name: string }[]): string {
  return named.length === 0 ? '' : `${what}: ${named.map(({ name }) => JSON.stringify(name)).join(', ')}`;
}

function about({ program, made, redacted }: Report): string {
  const folders = redacted ? ' Folders are left out.' : '';
  return `<p class="quiet">Made by ${htmlText(program)} at ${htmlText(made)}, from the images' own tables. Nothing was changed or repaired.${folders}</p>\n`;
}
