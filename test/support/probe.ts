/**
 * A program for x86-64 of a few instructions, as an ELF file: makes the system call `keyctl(KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0)`
 * and ends with its error number as the exit status.
 */
export function keyctlProbe(): Buffer {
  const code = Buffer.from('b8fa000000 31ff 48c7c6fdffffff 31d2 0f05 f7d8 89c7 b83c000000 0f05'.replaceAll(' ', ''), 'hex');
  const [base, headers] = [0x400000, 64 + 56];
  const file = Buffer.alloc(headers + code.length);
  // The ELF header: 64 bits, little-endian, an executable for x86-64 with one program header.
  Buffer.from('7f454c46020101', 'hex').copy(file);
  file.writeUInt16LE(2, 16);
  file.writeUInt16LE(62, 18);
  file.writeUInt32LE(1, 20);
  file.writeBigUInt64LE(BigInt(base + headers), 24);
  file.writeBigUInt64LE(64n, 32);
  file.writeUInt16LE(64, 52);
  file.writeUInt16LE(56, 54);
  file.writeUInt16LE(1, 56);
  // The program header: the whole file is loaded, to be read and executed.
  file.writeUInt32LE(1, 64);
  file.writeUInt32LE(5, 68);
  file.writeBigUInt64LE(BigInt(base), 80);
  file.writeBigUInt64LE(BigInt(base), 88);
  file.writeBigUInt64LE(BigInt(file.length), 96);
  file.writeBigUInt64LE(BigInt(file.length), 104);
  file.writeBigUInt64LE(0x1000n, 112);
  code.copy(file, headers);
  return file;
}
