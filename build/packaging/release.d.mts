export function releaseProblems(facts: {
  readonly runtime: { readonly origin: string; readonly folder: string; readonly version: string };
  readonly manifest: {
    readonly version: string;
    readonly devDependencies: Readonly<Record<string, string>>;
  };
  readonly changes: string;
  readonly changed: readonly string[];
}): string[];
