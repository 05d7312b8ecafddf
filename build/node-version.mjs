/** One sentence where this Node is too old for cowscope's tools, else undefined. As package.json's engines. */
export function nodeProblem(version = process.versions.node) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if ((major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major > 22) return undefined;
  return (
    `cowscope needs Node 20.19 or newer (22.12 or newer of 22) and this is ${version}: ` +
    'install it from https://nodejs.org, or put "npx --yes --package=node@22 --" in front of the command'
  );
}
