/** What a URL or a repository gave. */
export interface Fetched {
  /** A folder: for a URL with the one file in it. */
  readonly root: string;
  /** Of the file, empty where the source does not tell; undefined for a folder. */
  readonly name: string | undefined;
  /** The same content, the same hash. */
  readonly hash: string;
  /** Where it came from, in words. */
  readonly what: string;
}
