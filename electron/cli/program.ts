/** The commands and their options. The code of a command is loaded when it is run. */
import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import packageJson from '../../package.json' with { type: 'json' };
import { MISREAD_READERS } from '../../shared/model/misread.ts';
import {
  PLAN_JOBS,
  PLAN_OPERATIONS,
  type PlannedQemu,
  type PlanOperation,
} from '../../shared/model/plan/plan.ts';
import { SAVED_FORMATS } from '../../shared/model/report/report-request.ts';
import { parseOffset } from '../../shared/text/offset.ts';
import { isKnownQemuImg, OLDEST_QEMU_IMG, type QemuImgVersion } from '../formats/qemu-img-versions.ts';
import { completionScript, SHELLS } from './completion.ts';
import { EXIT, EXIT_MEANINGS, type ExitCode } from './exit-codes.ts';
import { fitted, HELP_LAYOUT, helpWidth } from './help-layout.ts';
import { manualPage } from './manual.ts';
import { writeText } from './output.ts';

const FILES = 'a file, or several files (a chain, base first)';
const FILES_OR_CAPTURE = 'a file, several files (a chain, base first), or one capture';
const TARGET = 'a file, several files (a chain, base first), one capture, or one NBD URI';

const SNAPSHOT = 'this internal snapshot of the top layer, by id or name';

const PARTITIONS = 'also read the partition table in the disk, and say which partition each finding lies in';

const EXIT_CODES = `
Exit codes: ${EXIT_MEANINGS.map(([code, meaning]) => `${code} ${meaning}`).join(', ')}.
An error is one line on standard error; docs/errors.md explains every code.`;

const REPORT_EXAMPLES = `
Examples:
  cowscope report -o report.html top.qcow2            one page for a browser, without folders
  cowscope report -o report.json top.qcow2            one document: docs/formats/report.md
  cowscope report --output svg top.qcow2              the drawing alone, to standard output
  cowscope report -o rows.csv top.qcow2               every range of the map`;

const MAP_EXAMPLES = `
Examples:
  cowscope map top.qcow2                              a drawn map, the ranges, the sums
  cowscope map --output json top.qcow2                one document: docs/map-schema.md
  cowscope map --layer 0 --witness nbd top.qcow2      the base alone, as qemu-nbd sees it
  cowscope map --as qemu-img top.qcow2                as qemu-img map --output=json
  cowscope map --as nbdinfo nbd://host/disk           as nbdinfo --map --json`;

const PLAN_EXAMPLES = `
Layers are named by number, 0 = base, or by file.
Examples:
  cowscope plan commit top.qcow2                      the top into the layer below it, by qemu-img
  cowscope plan commit --into 0 top.qcow2             all layers into the base
  cowscope plan commit --job live --from 2 --into 1 top.qcow2
  cowscope plan rebase --base 0 top.qcow2             onto the base; --unsafe changes the link alone
  cowscope plan flatten top.qcow2                     without any backing file
  cowscope plan drop --from 1 top.qcow2               layer 1 goes, what it holds goes into layer 2
  cowscope plan delete-snapshot --snapshot s1 top.qcow2
  cowscope plan commit --output json top.qcow2        one document: docs/formats/plan.md`;

const CHECK_HELP = `
Exit codes: 0 clean (hazards and notes do not count), 2 corruption, 3 leaks only, 1 not everything could be checked.
Examples:
  cowscope check top.qcow2                            every layer of the chain
  cowscope check --deep top.qcow2                     also whether all data can be read
  cowscope check --partitions top.qcow2               also in which of the guest's partitions it lies
  cowscope check --output json top.qcow2              one document: docs/formats/check.md`;

const CAPTURE_HELP = `
Examples:
  cowscope capture -o case.cowscope top.qcow2         names are replaced
  cowscope check case.cowscope                        on any machine
  cowscope capture --print-script > cowscope-capture.py
  python3 cowscope-capture.py -o case.cowscope top.qcow2`;

const COMPARE_HELP = `
Exit codes, as cmp has them: 0 the same, 1 different or not compared, 2 something could not be read or opened.
Examples:
  cowscope compare a.qcow2 b.qcow2                    by what is stored; nothing but tables is read
  cowscope compare --content a.qcow2 copy.raw         also by content, where the tables leave it open
  cowscope compare --layer 1 top.qcow2                layer 1 and the top of one chain
  cowscope compare --snapshot s1 top.qcow2            a snapshot and the active disk
  cowscope compare --output json a.qcow2 b.qcow2      one document: docs/formats/compare.md`;

/** An option whose value is one of `values`. */
function choice(flags: string, values: readonly string[], description: string): Option {
  return new Option(`${flags} <${values.join('|')}>`, description).choices(values);
}

function collect(value: string, previous: string[]): string[] {
  return [...previous, value];
}

function wholeNumber(value: string): number {
  if (!/^\d{1,9}$/.test(value)) throw new InvalidArgumentError('A whole number is needed');
  return Number(value);
}

function offsetOption(value: string): number {
  const offset = parseOffset(value);
  if (offset === undefined) throw new InvalidArgumentError('An offset such as 0x50000 or 320K is needed');
  return offset;
}

/** A version of qemu-img whose output is known. */
function qemuVersion(value: string): QemuImgVersion {
  const match = /^(\d{1,3})\.(\d{1,3})(?:\.\d{1,3})?$/.exec(value);
  if (match === null) throw new InvalidArgumentError('A version such as 7.2 is needed');
  const version = { major: Number(match[1]), minor: Number(match[2]) };
  if (!isKnownQemuImg(version))
    throw new InvalidArgumentError(`${OLDEST_QEMU_IMG} is the oldest that is known`);
  return version;
}

/** A version of qemu to plan for. */
function plannedVersion(value: string): PlannedQemu {
  const match = /^(\d{1,3})\.(\d{1,3})(?:\.(\d{1,3}))?$/.exec(value);
  if (match === null) throw new InvalidArgumentError('A version such as 7.2 or 10.0.7 is needed');
  const [, major, minor, patch] = match;
  return {
    major: Number(major),
    minor: Number(minor),
    ...(patch === undefined ? {} : { patch: Number(patch) }),
  };
}

/** Options of every command that opens a target. */
function withTarget(command: Command): Command {
  return command
    .addOption(choice('--format', ['raw', 'qcow2'], 'format of the top file; by default it is recognized'))
    .addOption(
      choice('--backing-format', ['raw', 'qcow2'], 'format of backing files whose overlay records none'),
    )
    .option(
      '--locate <file>',
      'use this file in place of the first backing file that cannot be opened; repeat it for the next ones, from the top down',
      collect,
      [],
    )
    .option(
      '--allow <path>',
      'allow this file, which an image names outside its own folder or as its data file; repeatable',
      collect,
      [],
    )
    .option('--allow-all', 'allow every file that the images name; protocols are never followed', false)
    .option(
      '--force-share',
      'read images that another program has open for writing; they may change while they are read',
      false,
    );
}

/** Options of the commands that show an image by what is left of its tables. */
function withInference(command: Command): Command {
  return command
    .option(
      '--infer',
      'where the header or the L1 table of an image is lost, search the whole file and infer it from the tables that are left; what is inferred is marked',
      false,
    )
    .option('--reading <number>', 'which reading to use where --infer finds several, from 1', wholeNumber);
}

function outputOption(formats: readonly string[] = ['text', 'json']): Option {
  return choice('--output', formats, 'format of the output, text by default').default('text');
}

/** Carries out an action of a command. `failed` is its exit code where it cannot be done; default {@link EXIT.failed}. */
type Run = (action: () => Promise<ExitCode>, failed?: ExitCode) => void;

/** Adds one command to the program. */
type AddCommand = (program: Command, run: Run) => void;

/** The commands about images, in the order in which the help lists them. */
const COMMANDS: ReadonlyMap<string, AddCommand> = new Map([
  ['map', addMap],
  ['layers', addLayers],
  ['plan', addPlan],
  ['misread', addMisread],
  ['check', addCheck],
  ['layout', addLayout],
  ['partitions', addPartitions],
  ['compare', addCompare],
  ['report', addReport],
  ['capture', addCapture],
  ['store', addStore],
  ['open', addOpen],
]);

/**
 * The command line. `run` gets the action to carry out. Where `args`, those after the program's name, begin with a
 * command of {@link COMMANDS}, the program has that one alone: to describe all of them takes longer than to parse one.
 */
export function createProgram(run: Run, args: readonly string[] = []): Command {
  const program = new Command('cowscope')
    .description(`${packageJson.description}. Nothing is ever written to an image.`)
    .version(packageJson.version, '--version', 'print the version')
    .option('--debug', 'also print where in the program an error came from', false)
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    .configureHelp(HELP_LAYOUT)
    .addHelpText('after', () => fitted(`\ncowscope TARGET opens the window.\n${EXIT_CODES}`))
    .exitOverride()
    .configureOutput({ writeErr: () => {}, getOutHelpWidth: helpWidth });
  const addNamed = COMMANDS.get(args.find(arg => arg !== '--debug') ?? '');
  if (addNamed !== undefined) {
    addNamed(program, run);
    return program;
  }
  for (const add of COMMANDS.values()) add(program, run);
  addDocuments(program, run);
  return program;
}

function addMap(program: Command, run: Run): void {
  withInference(withTarget(program.command('map')))
    .summary('print the merged map of a chain')
    .description('Print the merged map of a chain: state, owner and overrides of every range.')
    .argument('<target...>', TARGET)
    .option('--layer <number>', 'this layer alone; 0 is the base', wholeNumber)
    .option('--totals', 'only the sums', false)
    .option(
      '--host-offsets',
      'also print the offset of each range in its layer’s file; a range ends where these offsets are not contiguous',
      false,
    )
    .addOption(
      choice(
        '--witness',
        ['metadata', 'nbd', 'both'],
        'what reads qcow2 layers: the tables (metadata, the default), qemu-nbd (nbd), or both, which are compared; raw layers and URIs are always read over NBD',
      ).default('metadata'),
    )
    .addOption(choice('--as', ['qemu-img', 'nbdinfo'], 'print the JSON that this tool prints'))
    .option(
      '--qemu-version <version>',
      'print what this version of qemu-img prints, 6.1 or later; by default the installed one, or 7.2',
      qemuVersion,
    )
    .option('--context <name>', 'metadata context for --as nbdinfo; repeatable', collect, [])
    .option('--snapshot <id>', SNAPSHOT)
    .addOption(outputOption(['text', 'json', 'csv']))
    .addHelpText('after', () => fitted(MAP_EXAMPLES))
    .action((targetArgs: string[], options) =>
      run(() => import('./commands/map.ts').then(({ mapCommand }) => mapCommand(targetArgs, options))),
    );
}

function addLayers(program: Command, run: Run): void {
  withInference(withTarget(program.command('layers')))
    .summary('print the layers of a chain, or the exports of an NBD server')
    .description(
      'Print the layers of a chain: files, sizes, formats, features, snapshots, bitmaps, and how each link was resolved. For an NBD URI, print the exports of its server.',
    )
    .argument('<target...>', TARGET)
    .addOption(outputOption())
    .action((targetArgs: string[], options) =>
      run(() =>
        import('./commands/layers.ts').then(({ layersCommand }) => layersCommand(targetArgs, options)),
      ),
    );
}

function addCheck(program: Command, run: Run): void {
  withInference(withTarget(program.command('check')))
    .summary('check every layer of a chain')
    .description(
      'Check every layer of a chain: its tables, its refcounts, and clusters that are used twice. Prints what is damaged, which guest data is at risk, and what to do next. Nothing is repaired.',
    )
    .argument('<target...>', FILES_OR_CAPTURE)
    .option(
      '--deep',
      'also read every data cluster, decompress what is compressed, and compare with qemu-nbd',
      false,
    )
    .option('--partitions', PARTITIONS, false)
    .addOption(outputOption())
    .addHelpText('after', () => fitted(CHECK_HELP))
    .action((targetArgs: string[], options) =>
      run(() => import('./commands/check.ts').then(({ checkCommand }) => checkCommand(targetArgs, options))),
    );
}

function addOpen(program: Command, run: Run): void {
  withInference(withTarget(program.command('open', { isDefault: true })))
    .summary('open the window')
    .description(
      'Open the window. Without a target it is empty; folders are searched for images, which are listed below their backing files.',
    )
    .argument('[target...]', `${TARGET}; or folders`)
    .option('--snapshot <id>', SNAPSHOT)
    .option('--at <offset>', 'select this offset of the guest', offsetOption)
    .option('--len <bytes>', 'show this many bytes from --at on', offsetOption)
    .option('--view <name>', 'start with this view, such as chain or findings')
    .action((targetArgs: string[], options) =>
      run(() =>
        import('./commands/open.ts').then(({ openCommand }) =>
          openCommand(targetArgs, { ...options, named: program.args[0] === 'open' }),
        ),
      ),
    );
}

function addMisread(program: Command, run: Run): void {
  withTarget(program.command('misread'))
    .summary('list what other readers of qcow2 get wrong in a chain')
    .description(
      'List, layer by layer, the ranges that another reader of qcow2 gets wrong: a copier that trusts the hole bit, a decoder that looks only at offsets, or a copier of the allocated clusters alone.',
    )
    .argument('<target...>', FILES_OR_CAPTURE)
    .addOption(
      choice('--reader', MISREAD_READERS, 'kind of reader; docs/guide/misread.md explains each').default(
        'hole-bit',
      ),
    )
    .addOption(outputOption(['text', 'json', 'csv']))
    .action((targetArgs: string[], options) =>
      run(() =>
        import('./commands/misread.ts').then(({ misreadCommand }) => misreadCommand(targetArgs, options)),
      ),
    );
}

function addPlan(program: Command, run: Run): void {
  withTarget(program.command('plan'))
    .summary('say what a commit, rebase or deletion would do, without doing it')
    .description(
      'Say what a commit, a rebase or a deletion would do: hazards first, then numbers, then the commands to copy. Nothing is run.',
    )
    .addArgument(new Argument('<operation>', 'what to plan').choices(PLAN_OPERATIONS))
    .argument('<target...>', FILES_OR_CAPTURE)
    .addOption(
      choice(
        '--job',
        PLAN_JOBS,
        'what does the work: qemu-img, a running qemu on layers below the top (live), or a running qemu on the top (active)',
      ).default('qemu-img'),
    )
    .option(
      '--from <layer>',
      'the topmost layer that is committed, or the one that is rebased, flattened or dropped; default: the top, or for a live commit and a drop the layer below it',
    )
    .option(
      '--base <layer>',
      'the new backing file of a rebase; for a commit the same as --into, as in qemu-img',
    )
    .option('--unsafe', 'plan a rebase that only changes the link and copies nothing', false)
    .option('--snapshot <id>', 'the internal snapshot to delete, by id or name')
    .option(
      '--store <folder>',
      'also search this folder for other images that have one of these files as backing file; repeatable',
      collect,
      [],
    )
    .option('--into <layer>', 'the layer that a commit goes into; default: the one below')
    .option(
      '--qemu-version <version>',
      'plan for this version of qemu; default: the installed one, or 7.2',
      plannedVersion,
    )
    .addOption(
      choice('--discard', ['ignore', 'unmap'], 'how the disk of the running qemu is attached').default(
        'ignore',
      ),
    )
    .option('--ranges', 'also list every range of the target, before and after', false)
    .option('--bytes', 'read all data that the plan depends on; default: at most 64 MiB', false)
    .addOption(outputOption(['text', 'json', 'svg']))
    .addHelpText('after', () => fitted(PLAN_EXAMPLES))
    .action((operation: PlanOperation, targetArgs: string[], options) =>
      run(() =>
        import('./commands/plan.ts').then(({ planCommand }) => planCommand(operation, targetArgs, options)),
      ),
    );
}

function addLayout(program: Command, run: Run): void {
  withInference(withTarget(program.command('layout')))
    .summary('say where the bytes of an image file went')
    .description(
      'Say what every cluster of a layer’s file holds: tables, data, what only snapshots hold, leaked and free space. With --owner, say what refers to one cluster.',
    )
    .argument('<target...>', FILES_OR_CAPTURE)
    .option('--layer <number>', 'this layer instead of the top; 0 is the base', wholeNumber)
    .option('--owner <offset>', 'say what refers to the cluster at this offset of the file', offsetOption)
    .option('--ranges', 'also list every range of the file', false)
    .addOption(outputOption())
    .action((targetArgs: string[], options) =>
      run(() =>
        import('./commands/layout.ts').then(({ layoutCommand }) => layoutCommand(targetArgs, options)),
      ),
    );
}

function addPartitions(program: Command, run: Run): void {
  withInference(withTarget(program.command('partitions')))
    .summary('print how the guest divides its disk')
    .description(
      'Print the partitions of the disk (GPT and MBR) and what each holds by its signature, read through the chain. Other commands read what the guest stores only where an option asks for it.',
    )
    .argument('<target...>', TARGET)
    .option('--snapshot <id>', SNAPSHOT)
    .addOption(outputOption())
    .action((targetArgs: string[], options) =>
      run(() =>
        import('./commands/partitions.ts').then(({ partitionsCommand }) =>
          partitionsCommand(targetArgs, options),
        ),
      ),
    );
}

function addCompare(program: Command, run: Run): void {
  program
    .command('compare')
    .summary('say where two disks differ')
    .description(
      'Say where two disks differ as a guest reads them: two chains, a chain and its copy, or two layers or snapshots of one chain. Data is read only with --content.',
    )
    .argument('<a>', 'the top file of a chain, a capture, or an NBD URI')
    .argument('[b]', 'what to compare it with; default: the same target, with --layer or --snapshot')
    .option('--layer <number>', 'this layer of a and those below it; default: the top', wholeNumber)
    .option('--with-layer <number>', 'the same of b', wholeNumber)
    .option('--snapshot <id>', 'this internal snapshot of a, by id or name')
    .option('--with-snapshot <id>', 'the same of b')
    .option('--content', 'also read and compare the data where the tables do not decide', false)
    .option(
      '--strict',
      'also count as different what reads the same and is stored otherwise, and a disk that is longer by zeros',
      false,
    )
    .addOption(choice('--format', ['raw', 'qcow2'], 'format of a; by default it is recognized'))
    .addOption(choice('--with-format', ['raw', 'qcow2'], 'the same of b'))
    .addOption(
      choice('--backing-format', ['raw', 'qcow2'], 'format of backing files whose overlay records none'),
    )
    .option(
      '--allow <path>',
      'allow this file, which an image names outside its own folder or as its data file; repeatable',
      collect,
      [],
    )
    .option('--allow-all', 'allow every file that the images name; protocols are never followed', false)
    .option(
      '--force-share',
      'read images that another program has open for writing; they may change while they are read',
      false,
    )
    .addOption(outputOption(['text', 'json', 'csv']))
    .addHelpText('after', () => fitted(COMPARE_HELP))
    .action((a: string, b: string | undefined, options) =>
      run(
        () => import('./commands/compare.ts').then(({ compareCommand }) => compareCommand(a, b, options)),
        EXIT.trouble,
      ),
    );
}

function addReport(program: Command, run: Run): void {
  withTarget(program.command('report'))
    .summary('write everything that is known of a chain into one file')
    .description(
      'Write one self-contained file with the verdict, the drawing, all findings with their evidence, the sums and the layers. Folders are left out unless --show-paths is given.',
    )
    .argument('<target...>', TARGET)
    .option('-o, --to <file>', 'write to this new file instead of standard output, which is also -')
    .option('--force', 'replace a file that is there; images are never replaced', false)
    .option('--show-paths', 'keep the folders in the names of files', false)
    .option('--partitions', PARTITIONS, false)
    .addOption(
      choice(
        '--output',
        [...SAVED_FORMATS],
        'a page, a document, the drawing alone, or the rows of the map; default: by the ending of the file’s name, else a page',
      ),
    )
    .addHelpText('after', () => fitted(REPORT_EXAMPLES))
    .action((targetArgs: string[], options) =>
      run(() =>
        import('./commands/report.ts').then(({ reportCommand }) => reportCommand(targetArgs, options)),
      ),
    );
}

function addCapture(program: Command, run: Run): void {
  withTarget(program.command('capture'))
    .summary('write the tables of a chain into one small file')
    .description(
      'Write the tables of a chain into one small file without any data of the guest. On another machine, commands open it as if it were the chain. Names of files, snapshots and bitmaps are replaced by tokens unless --show-paths is given.',
    )
    .argument('[target...]', FILES)
    .option('-o, --to <file>', 'write to this new file; - is standard output')
    .option('--force', 'replace a file that is there; images are never replaced', false)
    .option('--show-paths', 'keep the names of files, snapshots and bitmaps', false)
    .option(
      '--print-script',
      'print a Python 3 program that writes the same capture, for a machine without cowscope',
      false,
    )
    .addHelpText('after', () => fitted(CAPTURE_HELP))
    .action((targetArgs: string[], options) =>
      run(() =>
        import('./commands/capture.ts').then(({ captureCommand }) => captureCommand(targetArgs, options)),
      ),
    );
}

function addStore(program: Command, run: Run): void {
  program
    .command('store')
    .summary('print which images in folders are backed by which')
    .description(
      'Print which images in folders are backed by which, and what is wrong with these links: missing and newer backing files, loops, formats that differ. Only headers are read, and only of files that lie in the folders or are named.',
    )
    .argument('<folder...>', 'folders, files or block devices')
    .addOption(outputOption())
    .action((roots: string[], options) =>
      run(() => import('./commands/store.ts').then(({ storeCommand }) => storeCommand(roots, options))),
    );
}

/** Commands that print what is made from the commands themselves. */
function addDocuments(program: Command, run: Run): void {
  program
    .command('completion')
    .summary('print a completion script')
    .description('Print a completion script, for example: source <(cowscope completion bash)')
    .argument(`<${SHELLS.join('|')}>`, 'the shell')
    .action((shell: string) =>
      run(async () => {
        await writeText(completionScript(program, shell));
        return EXIT.done;
      }),
    );
  // Used when packages are made; installed, it is what `man cowscope` shows.
  program
    .command('manual', { hidden: true })
    .summary('print the manual page')
    .description('Print the manual page as man(7) text, for example: cowscope manual | man -l -')
    .action(() =>
      run(async () => {
        const { version, description } = packageJson;
        await writeText(manualPage(program, { version, purpose: description, exitCodes: EXIT_MEANINGS }));
        return EXIT.done;
      }),
    );
}
