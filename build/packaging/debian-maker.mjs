/** Forge's maker of the two Debian packages; needs dpkg-deb and no network. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeCommandLineDeb, makeWindowDeb } from './debian-packages.mjs';
import { readRuntime } from './electron-zip.mjs';
import { importTool } from './tools.mjs';

const { MakerBase } = await importTool('@electron-forge/maker-base');

export default class DebianMaker extends MakerBase {
  name = 'debian';
  defaultPlatforms = ['linux'];
  requiredExternalBinaries = ['dpkg-deb'];

  isSupportedOnCurrentPlatform() {
    return process.platform === 'linux';
  }

  async make({ dir, makeDir, packageJSON, targetArch }) {
    const output = join(makeDir, 'deb');
    const work = mkdtempSync(join(tmpdir(), 'cowscope-deb-'));
    const release = readRuntime().origin === 'official';
    try {
      const window = await makeWindowDeb({
        packaged: dir,
        work: join(work, 'window'),
        output,
        manifest: packageJSON,
        architecture: targetArch,
        release,
      });
      const commandLine = makeCommandLineDeb({
        work: join(work, 'command-line'),
        output,
        manifest: packageJSON,
        release,
      });
      return [window, commandLine];
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  }
}
