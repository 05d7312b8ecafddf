/** The plan of a report as parts of its HTML page. Hazards come before the numbers, as everywhere. */
import type { Finding } from '../../../shared/model/finding.ts';
import type { Plan } from '../../../shared/model/plan/plan.ts';
import { asSentence, findingGuestText, findingSentence } from '../../../shared/text/finding-text.ts';
import { formatSize } from '../../../shared/text/offset.ts';
import { otherCommands, planCaseText, planRows, planTitle } from '../../../shared/text/plan-text.ts';
import { htmlFigures, htmlProse, htmlTable, htmlText } from './html-parts.ts';
import type { Report, ReportPictures } from './report.ts';

/** The parts; none for a report without a plan. */
export function* planHtml({ plan, redacted }: Report, pictures: ReportPictures): Generator<string> {
  if (plan === undefined) return;
  yield `<h2>The plan</h2>\n<p><strong>${htmlText(asSentence(planTitle(plan)))}</strong> Nothing of it was done.</p>\n`;
  const isNote = ({ severity }: Finding) => severity === 'note';
  const dangers = plan.hazards.filter(finding => !isNote(finding));
  yield dangers.length === 0 ? '<p>No hazards found.</p>\n' : '';
  for (const finding of [...dangers, ...plan.hazards.filter(isNote)]) yield hazard(finding, plan);
  if (pictures.plan !== undefined)
    yield `<h3>The target before and after${plan.bytesCopiedExact ? '' : ', at most'}</h3>\n${htmlFigures(pictures.plan.light, pictures.plan.dark)}`;
  yield htmlTable('Numbers of the plan', ['', ''], planRows(plan));
  if (plan.cases.length > 0) {
    const rows = plan.cases.map(entry => [planCaseText(entry, plan.layers), formatSize(entry.bytes)]);
    yield htmlTable('What happens where', ['', 'bytes'], rows, 1);
  }
  yield `<h3>If it is aborted</h3>\n${plan.abort.map(line => `<p>${htmlText(line)}</p>\n`).join('')}`;
  yield commands(plan, redacted);
}

function hazard(finding: Finding, { layers }: Plan): string {
  const { severity, code, advice, layer } = finding;
  const where = findingGuestText(finding);
  return `<section>
<h3><span class="${severity}">${severity}</span> ${htmlText(layers[layer]?.name ?? 'the chain')}: ${htmlText(findingSentence(finding))}</h3>
<p class="quiet"><code>${htmlText(code)}</code>${where === '' ? '' : `, ${htmlText(where)}`}</p>
${advice === '' ? '' : `<p>${htmlProse(asSentence(advice))}</p>\n`}</section>
`;
}

function commands(plan: Plan, redacted: boolean): string {
  const lines = plan.commands.map(htmlText).join('\n');
  const without = redacted ? ' Folders are left out of them.' : '';
  const what =
    plan.commands.length === 0
      ? '<p>No command does it: see the hazards.</p>\n'
      : `<pre>${lines}</pre>\n<p class="quiet">To be read before they are run.${without}</p>\n`;
  const others = otherCommands(plan).map(
    ({ heading, commands }) =>
      `<p>${htmlText(asSentence(heading))}</p>\n<pre>${commands.map(htmlText).join('\n')}</pre>\n`,
  );
  return `<h3>Commands</h3>\n${what}${others.join('')}`;
}
