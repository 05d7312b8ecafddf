/** The system's own dialogs. */
import { type BrowserWindow, dialog } from 'electron';
import type { OfferedFormat } from '../../shared/model/report/report-request.ts';
import type { OpenTarget } from '../../shared/model/target.ts';
import { MAX_LINK_CHARACTERS } from '../../shared/text/deep-link.ts';
import { escapeUntrusted } from '../../shared/text/untrusted-text.ts';

/** The files chosen in the open dialog, in the order the system gives; empty when cancelled. */
export async function chooseFiles(window: BrowserWindow): Promise<readonly string[]> {
  const { filePaths } = await dialog.showOpenDialog(window, {
    title: 'Open disk images',
    message: 'One image, or the files of a chain. Nothing is written.',
    properties: ['openFile', 'multiSelections', 'dontAddToRecent'],
    filters: [
      { name: 'Disk images', extensions: ['qcow2', 'qcow', 'img', 'raw', 'overlay', 'snap', 'snapshot'] },
      { name: 'Captures', extensions: ['cowscope'] },
      { name: 'All files', extensions: ['*'] },
    ],
  });
  return filePaths;
}

/** Lets the person choose folders of images; none when they cancel. */
export async function chooseFolders(window: BrowserWindow): Promise<readonly string[]> {
  const { filePaths } = await dialog.showOpenDialog(window, {
    title: 'Open folders of disk images',
    message: 'Everything in them is looked at, headers alone. Nothing is written.',
    properties: ['openDirectory', 'multiSelections', 'dontAddToRecent'],
  });
  return filePaths;
}

/** Asks whether what a link names is to be opened. Every path is shown whole: a link may come from anywhere. */
export async function agreesToLink(window: BrowserWindow, target: OpenTarget): Promise<boolean> {
  const files = target.kind === 'files' ? target.files : [target.uri];
  const { response } = await dialog.showMessageBox(window, {
    type: 'question',
    title: 'cowscope',
    message:
      files.length === 1 ? 'A link asks to open this image:' : 'A link asks to open this chain, base first:',
    detail: `${files.map(file => escapeUntrusted(file, MAX_LINK_CHARACTERS)).join('\n')}\n\nIt is opened read-only.`,
    buttons: ['Open', 'Cancel'],
    defaultId: 1,
    cancelId: 1,
  });
  return response === 0;
}

/** How the dialog calls the formats of a report. */
const FORMAT_NAMES: Readonly<Record<OfferedFormat, string>> = {
  html: 'HTML page',
  json: 'JSON document',
  svg: 'SVG drawing',
  png: 'PNG picture',
  csv: 'Comma-separated values',
};

/** Lets the person choose where a report is written; asks before a file is replaced. Undefined when cancelled. */
export async function chooseReportFile(
  window: BrowserWindow,
  suggested: string,
  format: OfferedFormat,
): Promise<string | undefined> {
  const { canceled, filePath } = await dialog.showSaveDialog(window, {
    title: 'Save the report',
    defaultPath: suggested,
    properties: ['showOverwriteConfirmation', 'dontAddToRecent'],
    filters: [{ name: FORMAT_NAMES[format], extensions: [format] }],
  });
  return canceled || filePath === '' ? undefined : filePath;
}

/** Lets the person choose where a capture is written; asks before a file is replaced. Undefined when cancelled. */
export async function chooseCaptureFile(
  window: BrowserWindow,
  suggested: string,
): Promise<string | undefined> {
  const { canceled, filePath } = await dialog.showSaveDialog(window, {
    title: 'Write the capture',
    defaultPath: suggested,
    properties: ['showOverwriteConfirmation', 'dontAddToRecent'],
    filters: [{ name: 'Capture', extensions: ['cowscope'] }],
  });
  return canceled || filePath === '' ? undefined : filePath;
}

/** Says that the renderer is gone. True when the person wants the window back. */
export async function offerReload(window: BrowserWindow, reason: string): Promise<boolean> {
  const { response } = await dialog.showMessageBox(window, {
    type: 'error',
    title: 'cowscope',
    message: 'The window stopped working.',
    detail: `Reason: ${reason}. No image was changed. Reload to start it again.`,
    buttons: ['Reload', 'Close'],
    defaultId: 0,
    cancelId: 1,
  });
  return response === 0;
}
