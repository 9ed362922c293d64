/** One file that is to be installed, known to the last bit. */
export interface Pin {
  readonly from: 'pypi' | 'npm';
  readonly name: string;
  readonly version: string;
  /** As PyPI calls the wheel, or as `npm pack` calls the tarball. */
  readonly file: string;
  /** In hexadecimal digits. */
  readonly sha256: string;
  readonly sizeBytes: number;
}
