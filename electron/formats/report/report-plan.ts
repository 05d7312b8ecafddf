/** The plan of a report as parts of its HTML page. Hazards come before the numbers, as everywhere. */
import type { Finding } from '../../../shared/model/finding.ts';
import type { Plan } from '../../../shared/model/plan/plan.ts';
import { findingGuestText, findingSentence, sentence } from '../../../shared/text/finding-text.ts';
import { formatSize } from '../../../shared/text/offset.ts';
import { otherCommands, planCaseText, planFacts, planTitle } from '../../../shared/text/plan-text.ts';
import { figures, prose, table, text } from './html-parts.ts';
import type { Report, ReportPictures } from './report.ts';

/** The parts; none for a report without a plan. */
export function* planHtml({ plan, redacted }: Report, pictures: ReportPictures): Generator<string> {
  if (plan === undefined) return;
  yield `<h2>The plan</h2>\n<p><strong>${text(sentence(planTitle(plan)))}</strong> Nothing of it was done.</p>\n`;
  const isNote = ({ severity }: Finding) => severity === 'note';
  const dangers = plan.hazards.filter(finding => !isNote(finding));
  yield dangers.length === 0 ? '<p>No hazards found.</p>\n' : '';
  for (const finding of [...dangers, ...plan.hazards.filter(isNote)]) yield hazard(finding, plan);
  if (pictures.plan !== undefined)
    yield `<h3>The target before and after${plan.bytesCopiedExact ? '' : ', at most'}</h3>\n${figures(pictures.plan.light, pictures.plan.dark)}`;
  yield table('Numbers of the plan', ['', ''], planFacts(plan));
  if (plan.cases.length > 0) {
    const rows = plan.cases.map(entry => [planCaseText(entry, plan.layers), formatSize(entry.bytes)]);
    yield table('What happens where', ['', 'bytes'], rows, 1);
  }
  yield `<h3>If it is aborted</h3>\n${plan.abort.map(line => `<p>${text(line)}</p>\n`).join('')}`;
  yield commands(plan, redacted);
}

function hazard(finding: Finding, { layers }: Plan): string {
  const { severity, code, advice, layer } = finding;
  const where = findingGuestText(finding);
  return `<section>
<h3><span class="${severity}">${severity}</span> ${text(layers[layer]?.name ?? 'the chain')}: ${text(findingSentence(finding))}</h3>
<p class="quiet"><code>${text(code)}</code>${where === '' ? '' : `, ${text(where)}`}</p>
${advice === '' ? '' : `<p>${prose(sentence(advice))}</p>\n`}</section>
`;
}

function commands(plan: Plan, redacted: boolean): string {
  const lines = plan.commands.map(text).join('\n');
  const without = redacted ? ' Folders are left out of them.' : '';
  const what =
    plan.commands.length === 0
      ? '<p>No command does it: see the hazards.</p>\n'
      : `<pre>${lines}</pre>\n<p class="quiet">To be read before they are run.${without}</p>\n`;
  const others = otherCommands(plan).map(
    ({ heading, commands }) =>
      `<p>${text(sentence(heading))}</p>\n<pre>${commands.map(text).join('\n')}</pre>\n`,
  );
  return `<h3>Commands</h3>\n${what}${others.join('')}`;
}
