/** The pages of the guide whose examples are run. */
export declare const PAGES: readonly string[];

/** The path of a page. */
export declare function pagePath(page: string): string;

/** The path of a picture of the guide. */
export declare function picturePath(name: string): string;

/** The page as its examples make it, and the pictures that they draw, by name. */
export declare function runPage(page: string): {
  readonly text: string;
  readonly pictures: ReadonlyMap<string, string>;
};
