/** The bill of materials names what is inside the bundles, no more and no less. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { bundle, bundledPackages } from '../../build/bundle.mjs';
import { billOfMaterials } from '../../build/packaging/sbom.mjs';
import packageJson from '../../package.json' with { type: 'json' };

const root = fileURLToPath(new URL('../..', import.meta.url));

it('lists the packages that are inside the bundles, and Electron, as the lockfile has them', async () => {
  await bundle();
  const { bomFormat, metadata, components, dependencies } = billOfMaterials();
  expect(bomFormat).toBe('CycloneDX');
  expect(metadata.component).toMatchObject({ name: 'cowscope', version: packageJson.version });
  const names = components.map(({ name }) => name).sort();
  expect(names).toEqual([...bundledPackages(), 'electron'].sort());
  expect(names).toEqual(
    expect.arrayContaining(['@fontsource-variable/inter', 'commander', 'd3-scale', 'react-dom', 'valibot']),
  );
  expect(names).not.toContain('vite');
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    readonly packages: Readonly<Record<string, { readonly version: string }>>;
  };
  for (const { name, version } of components)
    expect(`${name}@${version}`).toBe(`${name}@${lock.packages[`node_modules/${name}`]?.version}`);
  const refs = new Set([
    ...components.map(component => component['bom-ref']),
    `cowscope@${packageJson.version}`,
  ]);
  for (const { ref, dependsOn } of dependencies)
    expect([ref, ...dependsOn].filter(other => !refs.has(other))).toEqual([]);
});
