/** A made-up checkout with the real build/ in it, so that set-up can be watched without touching this one. */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run, temporaryFolder } from '../tools.ts';

const build = fileURLToPath(new URL('../../../build', import.meta.url));

/** What a script printed to standard output and to standard error. */
export interface Outcome {
  readonly value: Record<string, string> | undefined;
  readonly said: readonly string[];
}

/** A checkout in a temporary folder. */
export interface Checkout {
  readonly folder: string;
  write(path: string, text: string): void;
  /** Lines of a file, none when it is not there. */
  lines(path: string): readonly string[];
  /** Calls an exported function of a module of build/ in a separate process. */
  call(module: string, expression: string, env?: Readonly<Record<string, string>>): Promise<Outcome>;
}

/** A new checkout with nothing but build/. */
export function makeCheckout(): Checkout {
  const folder = temporaryFolder();
  cpSync(build, join(folder, 'build'), { recursive: true });
  return {
    folder,
    write(path, text) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    },
    lines(path) {
      try {
        return readFileSync(join(folder, path), 'utf8')
          .split('\n')
          .filter(line => line !== '');
      } catch {
        return [];
      }
    },
    async call(module, expression, env = {}) {
      const script = `import * as build from ${JSON.stringify(join(folder, 'build', module))};
        const value = await build.${expression};
        console.log(JSON.stringify(value ?? null));`;
      const clean: NodeJS.ProcessEnv = {
        ...process.env,
        HOME: folder,
        XDG_CACHE_HOME: join(folder, 'cache'),
      };
      for (const name of ['ELECTRON_OVERRIDE_DIST_PATH', 'COWSCOPE_ELECTRON', 'npm_execpath'])
        delete clean[name];
      const args = ['--input-type=module', '-e', script];
      const { stdout, stderr, code } = await run(process.execPath, args, {
        cwd: folder,
        env: { ...clean, ...env },
      });
      if (code !== 0) throw new Error(stderr);
      const said = stderr.split('\n').filter(line => line !== '');
      return { value: JSON.parse(stdout) as Record<string, string>, said };
    },
  };
}
