/** Where qemu takes holes of an image's file for zeros, which no table tells. */

/**
 * True where qemu looks for holes in the file behind data clusters: it has fewer blocks on its disk than clusters in use.
 * Source: qcow2_detect_metadata_preallocation. `allocated` and `bytesOnDisk` are bytes.
 */
export function looksPreallocated(allocated: number, bytesOnDisk: number, clusterSize: number): boolean {
  if (bytesOnDisk < 0) return true; // not known
  const real = Math.floor(bytesOnDisk / clusterSize);
  const threshold = Math.max(Math.floor((real * 10) / 9), real + 2);
  return Math.ceil(allocated / clusterSize) >= threshold;
}
