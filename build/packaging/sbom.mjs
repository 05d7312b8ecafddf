/**
 * The bill of materials of a release, as CycloneDX JSON: what `npm sbom` says of the checkout, cut to the packages whose
 * code is inside the bundles, and Electron.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundledPackages } from '../bundle.mjs';
import { npm } from '../npm.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The bill of materials, ready for JSON. The bundles must be built. Throws an Error with npm's reason. */
export function billOfMaterials() {
  const shipped = new Set([...bundledPackages(), 'electron']);
  const whole = JSON.parse(
    npm(['sbom', '--sbom-format=cyclonedx', '--sbom-type=application'], { cwd: root }),
  );
  const components = whole.components.filter(({ group, name }) =>
    shipped.has(group === undefined || name.startsWith('@') ? name : `${group}/${name}`),
  );
  const refs = new Set(components.map(component => component['bom-ref']));
  const own = whole.metadata.component['bom-ref'];
  const isKept = ref => refs.has(ref) || ref === own;
  // npm takes the name of the folder.
  const { name } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const component = { ...whole.metadata.component, name };
  return {
    ...whole,
    metadata: { ...whole.metadata, component },
    components,
    dependencies: whole.dependencies
      .filter(({ ref }) => isKept(ref))
      .map(({ ref, dependsOn = [] }) => ({ ref, dependsOn: dependsOn.filter(isKept) })),
  };
}
